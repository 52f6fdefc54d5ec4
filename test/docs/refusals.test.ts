import { readdirSync, readFileSync } from 'node:fs';
import { openapi } from '@chorus/api';
import { ERROR_CODES, HTTP_ERROR_CODES, REFUSALS, UPGRADE_ERROR_CODES } from '@chorus/protocol';
import { expect } from 'chai';
import { root } from '../support/root.js';

const ROOT = `${root}/`;

/** The product's sources in a folder, as one text. */
function sourcesIn(folder: string): string {
  return readdirSync(ROOT + folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\/|(^|\/)test-|\.d\.ts$/.test(path))
    .map((path) => readFileSync(`${ROOT}${folder}/${path}`, 'utf8'))
    .join('\n');
}

/** The quoted words that a pattern finds in a text. */
function codesIn(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].flatMap(([, found = '']) => [...quotedIn(found)]));
}

const quotedIn = (text: string): string[] => [...text.matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
const tableOf = (page: string, heading: string): string[][] => {
  const text = readFileSync(`${ROOT}docs/reference/${page}`, 'utf8');
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| (?:\d{3}|`\w+`) \|.*$/gm)].map(([row]) => row.slice(2, -2).split(' | '));
};

const PRODUCT = [
  'apps/api/src',
  'apps/archiver/src',
  'apps/gateway/src',
  'packages/auth/src',
  'packages/control/src',
  'packages/hook/src',
  'packages/local/src/balancer',
  'packages/protocol/src/entries',
  'packages/service/src',
] as const;

describe('the refusals of the API and the gateways', () => {
  const refused = /new Refusal\(\s*([^,)]+)/g;
  const answered = codesIn(PRODUCT.map(sourcesIn).join('\n'), refused);
  const gateway = sourcesIn('apps/gateway/src');

  it('are those of the catalogue, and each of the catalogue is in use', () => {
    expect([...answered].sort()).to.deep.equal([...HTTP_ERROR_CODES].sort());
  });

  it('of upgrades are those that the catalogue marks', () => {
    // Of other requests to a gateway.
    const others = new Set(['method_not_allowed', 'not_ready']);
    const upgrades = codesIn(
      [gateway, ...['packages/auth/src', 'packages/control/src'].map(sourcesIn)].join('\n'),
      refused,
    );
    expect([...upgrades].filter((code) => !others.has(code)).sort()).to.deep.equal(
      [...UPGRADE_ERROR_CODES].sort(),
    );
  });

  it('of frames are those that the catalogue marks', () => {
    const sessions = sourcesIn('apps/gateway/src/sessions');
    const refusedFrames = codesIn(sessions, /\brefuse\(([^,)]+)/g);
    const failures = codesIn(sessions, /return ('\w+');/g);
    const missing = codesIn(gateway, /type MissingTarget = ([^;]+);/g);
    const shared = ['packages/protocol/src/entries', 'packages/hook/src'].map(sourcesIn).join('\n');
    const ofMessages = codesIn(shared, refused);
    const found = new Set([
      ...[...refusedFrames, ...missing, ...ofMessages],
      ...[...failures].filter((code) => code in REFUSALS),
    ]);
    expect([...found].sort()).to.deep.equal([...ERROR_CODES].sort());
  });

  it('have their texts in the catalogue only', () => {
    // The archiver's text is a reason in its readiness.
    for (const folder of PRODUCT.filter((folder) => folder !== 'apps/archiver/src')) {
      const source = sourcesIn(folder);
      expect(source.match(/body: \{ error[ :}][^}]*\}/g), folder).to.equal(null);
      for (const [code, { text }] of Object.entries(REFUSALS)) {
        if (typeof text === 'string') expect(source, code).not.to.include(`'${text}'`);
      }
    }
  });

  it('are all in the API reference, and nothing else is', () => {
    const rows = tableOf('api.md', 'Errors').flatMap(([status, codes = '', retry]) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(status), retry === 'yes']),
    );
    const onlyUpgrades = new Set<string>(UPGRADE_ERROR_CODES);
    for (const [code] of rows) onlyUpgrades.delete(String(code));
    const expected = HTTP_ERROR_CODES.filter((code) => !onlyUpgrades.has(code)).map((code) => {
      const { status, retry } = REFUSALS[code];
      return [code, status, retry];
    });
    expect(rows).to.have.deep.members(expected);
  });

  it('of upgrades are all in the protocol reference, and nothing else is', () => {
    const rows = tableOf('protocol.md', 'Connecting').flatMap(([status, codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(status)]),
    );
    expect(rows).to.have.deep.members(UPGRADE_ERROR_CODES.map((code) => [code, REFUSALS[code].status]));
  });

  it('are all in the OpenAPI document', () => {
    const { schemas } = openapi().components as {
      schemas: Record<string, { properties: { code?: { enum: string[] } } }>;
    };
    expect(schemas.Error?.properties.code?.enum).to.have.members(HTTP_ERROR_CODES);
    expect(schemas.OriginalError?.properties).to.have.all.keys('error');
  });
});
