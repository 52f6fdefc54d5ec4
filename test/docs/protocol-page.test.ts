import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authenticateFrame,
  broadcastFrame,
  CLOSE,
  changeFrame,
  clientFrameSchema,
  ERROR_CODES,
  messageFrame,
  plainErrorFrame,
  presenceNoticeFrame,
  REFUSALS,
  recoveryFrame,
  serverFrameSchema,
} from '@chorus/protocol';
import { expect } from 'chai';
import type { z } from 'zod';
import { root } from '../support/root.js';

const PLAIN_FRAMES = [messageFrame, presenceNoticeFrame, broadcastFrame, recoveryFrame, plainErrorFrame];

/** Frames of a gateway, each change by itself. */
const SERVER_FRAMES = serverFrameSchema.options.flatMap((schema) =>
  schema === changeFrame ? changeFrame.options : (schema as z.ZodObject),
);

/** The kinds of examples on the page, and the frames that they show. */
const KINDS: Readonly<Record<string, readonly z.ZodObject[]>> = {
  first: [authenticateFrame],
  client: clientFrameSchema.options,
  server: SERVER_FRAMES,
  plain: PLAIN_FRAMES,
};

describe('the page about the protocols', () => {
  const page = readFileSync(join(root, 'docs/reference/protocol.md'), 'utf8');
  const sections = new Map(
    page.split(/^#{2,3} /m).map((section) => [section.slice(0, section.indexOf('\n')), section]),
  );

  /** The values of `type` that frames can have. */
  function typesOf(schemas: readonly z.ZodObject[]): string[] {
    return schemas.flatMap(({ shape }) => {
      const type = shape.type as z.ZodLiteral<string> | z.ZodEnum;
      return 'values' in type ? [...type.values] : type.options.map(String);
    });
  }

  /** What the first column of a section's table names. */
  function rowsOf(section: string): string[] {
    const [, ...rows] = (sections.get(section) ?? '').matchAll(/^\| (`.*?) \|/gm);
    return rows.flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`([\w-]+)`/g)].map(([, name]) => name ?? ''),
    );
  }

  it('shows each kind of change', () => {
    const shown = examplesOf('server').flatMap((frame) => ('change' in frame ? [frame.change] : []));
    const kinds = changeFrame.options.flatMap(({ shape: { change } }) =>
      'values' in change ? [...change.values] : change.options,
    );
    expect(new Set(shown)).to.deep.equal(new Set(kinds));
  });

  function examplesOf(kind: string): Array<{ type: string }> {
    const blocks = [...page.matchAll(new RegExp(`^\`\`\`json ${kind}\\n([\\s\\S]*?)^\`\`\``, 'gm'))];
    const lines = blocks.flatMap(([, block]) => (block ?? '').trim().split('\n'));
    return lines.map((line) => JSON.parse(line) as { type: string });
  }

  for (const [kind, schemas] of Object.entries(KINDS)) {
    it(`shows every ${kind} frame, and only what the schemas allow`, () => {
      const examples = examplesOf(kind);
      for (const example of examples) {
        const schema = schemas.find((candidate) => candidate.safeParse(example).success);
        expect(schema, JSON.stringify(example)).not.to.equal(undefined);
        // What a schema does not know it leaves out.
        expect(schema?.parse(example)).to.deep.equal(example);
      }
      expect(new Set(examples.map(({ type }) => type))).to.deep.equal(new Set(typesOf(schemas)));
    });
  }

  it('has no example that is of no kind', () => {
    expect([...page.matchAll(/^```json(.*)$/gm)].map(([, kind]) => kind?.trim())).to.satisfy(
      (kinds: string[]) => kinds.every((kind) => kind in KINDS),
    );
  });

  it('lists exactly the frames of each protocol', () => {
    expect(rowsOf('From the client')).to.have.members(typesOf(clientFrameSchema.options));
    expect(rowsOf('From the gateway')).to.have.members([...new Set(typesOf(SERVER_FRAMES))]);
    expect(rowsOf('The plain protocol')).to.have.members(typesOf(PLAIN_FRAMES));
  });

  it('lists exactly the error codes of the catalogue', () => {
    const rows = [...(sections.get('Errors') ?? '').matchAll(/^\| `(\w+)` \| (yes|no) \|/gm)];
    expect(rows.map(([, code, retry]) => [code, retry === 'yes'])).to.have.deep.members(
      ERROR_CODES.map((code) => [code, REFUSALS[code].retry]),
    );
  });

  it('lists exactly the close codes of the catalogue', () => {
    const rows = [...(sections.get('Close codes') ?? '').matchAll(/^\| (\d{4}) \| ([^|]+) \| (yes|no) \|/gm)];
    expect(
      rows.map(([, code, reason, reconnect]) => [Number(code), reason, reconnect === 'yes']),
    ).to.have.deep.members(
      Object.values(CLOSE).map(({ code, reason, reconnect }) => [code, reason, reconnect]),
    );
  });
});
