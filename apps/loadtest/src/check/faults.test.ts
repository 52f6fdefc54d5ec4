import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import pLimit from 'p-limit';
import type { LoadResult } from '../result.js';
import { runLoad } from '../run/run-load.js';
import { type Scenario, scenarioSchema } from '../scenario.js';
import type { Fault, Planted } from './testing/faulty-room.js';
import { startFaultyServer } from './testing/faulty-server.js';

const ROOMS = 2;
const MEMBERS = 5;
const TIMES = 3;
/** Runs spend most of their time waiting. */
const AT_ONCE = 5;

type Expectation = (
  result: LoadResult,
  planted: Planted,
) => Partial<Record<keyof LoadResult['verdict'], number>>;

const FAULTS: Readonly<Record<Fault, Expectation>> = {
  'lose-for-one': () => ({ lost: TIMES }),
  'lose-for-all': () => ({ lost: TIMES * MEMBERS }),
  'deliver-twice': () => ({ duplicated: TIMES }),
  'swap-for-one': () => ({ orderDisagreements: TIMES }),
  'swap-for-all': () => ({ outOfOrder: TIMES * MEMBERS }),
  'seq-twice': () => ({ outOfOrder: TIMES * MEMBERS }),
  'seq-for-one': () => ({ orderDisagreements: TIMES }),
  misdirect: () => ({ strays: TIMES }),
  refuse: ({ messages }) => {
    expect(refusals(messages.refused)).to.equal(TIMES);
    return {};
  },
  'keep-ack': ({ messages }) => {
    expect(messages.sent - messages.acked).to.equal(TIMES);
    return {};
  },
  close: ({ closes, resumes }) => {
    expect(closes).to.deep.equal({ 1012: TIMES });
    expect(resumes).to.include({ ok: TIMES, unrecovered: 0, failed: 0 });
    return {};
  },
  'recover-with-hole': ({ resumes }) => {
    expect(resumes).to.include({ ok: TIMES, unrecovered: 0 });
    return { lost: TIMES };
  },
  'not-recover': ({ resumes }, { unrecovered }) => {
    expect(resumes).to.include({ ok: 0, unrecovered: TIMES });
    expect(unrecovered).to.be.at.least(TIMES * 3);
    return { lost: unrecovered };
  },
};

function refusals(refused: Readonly<Record<string, number>>): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

interface Done {
  readonly result: LoadResult;
  readonly planted: Planted;
}

async function run(plan: ReadonlyMap<number, readonly Fault[]>, options: Partial<Scenario>): Promise<Done> {
  const server = await startFaultyServer(plan);
  try {
    const scenario = scenarioSchema.parse({
      targets: [server.url],
      connections: ROOMS * MEMBERS,
      ramp: 1_000,
      rooms: ROOMS,
      membersPerRoom: MEMBERS,
      rate: 200,
      payload: 32,
      warmUpMs: 0,
      // On a busy machine clients need time to return between two faults.
      durationMs: patiently(2_500),
      settleMs: 3_000,
      ...options,
    });
    const identities = Array.from({ length: scenario.connections }, (_, index) => ({
      userId: index + 1,
      username: `user${index + 1}`,
      token: undefined,
    }));
    const roomIds = Array.from({ length: scenario.rooms }, (_, index) => index + 1);
    return { result: await runLoad(scenario, { identities, roomIds }), planted: server.planted };
  } finally {
    await server.close();
  }
}

function counts({ verdict, messages }: LoadResult) {
  const { examples, expected, delivered, ...violations } = verdict;
  expect(expected, 'messages to each member').to.equal(
    (messages.sent - refusals(messages.refused)) * MEMBERS,
  );
  expect(delivered).to.equal(expected - verdict.lost);
  const total = Object.values(violations).reduce((sum, count) => sum + count, 0);
  expect(examples.length > 0, `examples: ${examples.join('; ')}`).to.equal(total > 0);
  return violations;
}

const none = { lost: 0, duplicated: 0, outOfOrder: 0, orderDisagreements: 0, strays: 0 };
const kinds = Object.keys(FAULTS) as Fault[];

describe('a run against a faulty server', function () {
  this.timeout(90_000);
  const runs = new Map<Fault, Promise<Done>>();

  before(() => {
    const limit = pLimit(AT_ONCE);
    for (const kind of kinds) {
      const plan = new Map<number, Fault[]>([
        [1, [kind, kind]],
        [2, [kind]],
      ]);
      const done = limit(() => run(plan, { settleMs: kind === 'keep-ack' ? 1_000 : 5_000 }));
      // The test that needs the run handles its failure.
      done.catch(() => undefined);
      runs.set(kind, done);
    }
  });

  it('finds no violations without faults, in either protocol', async () => {
    for (const { result } of await Promise.all([
      run(new Map(), { protocol: 'plain' }),
      run(new Map(), { protocol: 'chorus.v1' }),
    ])) {
      expect(counts(result)).to.deep.equal(none);
      expect(result.verdict.expected).to.be.above(1_000);
    }
  });

  for (const kind of kinds) {
    it(`counts each planted fault once, and nothing else: ${kind}`, async () => {
      const done = await runs.get(kind);
      if (!done) throw new Error('was not run');
      const { result, planted } = done;
      expect(planted.done, 'faults that were done').to.equal(TIMES);
      expect(counts(result)).to.deep.equal({ ...none, ...FAULTS[kind](result, planted) });
    });
  }

  for (const workers of [1, 2]) {
    it(`counts all of them together on plain sockets, with ${workers} workers and a room in all of them`, async () => {
      // A plain socket does not learn which message was refused, and a closed one does not know what was sent: a
      // message that no member receives counts as lost only if neither happens to its sender afterwards.
      const last = 'lose-for-all';
      const mixed = [...kinds.filter((kind) => kind !== 'misdirect' && kind !== last), last] as Fault[];
      const { result, planted } = await run(new Map([[1, mixed]]), {
        protocol: 'plain',
        connections: MEMBERS,
        rooms: 1,
        rate: 100,
        durationMs: 6_000,
        workers,
      });
      expect(planted.done).to.equal(mixed.length);
      expect(counts(result)).to.deep.equal({
        lost: 1 + MEMBERS + 1 + planted.unrecovered,
        duplicated: 1,
        outOfOrder: 2 * MEMBERS,
        orderDisagreements: 2,
        strays: 0,
      });
      expect(refusals(result.messages.refused)).to.equal(1);
      expect(result.closes).to.deep.equal({ 1012: 3 });
      expect(result.resumes).to.include({ ok: 2, unrecovered: 1, failed: 0 });
    });
  }
});
