import { expect } from 'chai';
import type { Load } from '../rehearsals/perform.js';
import { paceOf, type RolloutOptions, type RolloutOutcome, rolloutChecks } from '../rehearsals/rollout.js';
import { type ScaleOutcome, scaleChecks } from '../rehearsals/scale.js';
import type { Stopped } from '../rehearsals/stop-gateways.js';
import { type Changes, madeUpResult } from '../testing/result.js';
import type { Check } from './checks.js';
import { levelAfter, levelSeconds, ratio } from './level.js';

const LOAD: Load = { connections: 1_000, rate: 200, roomSize: 4, workers: 1, ramp: 500 };
const OPTIONS: RolloutOptions = {
  load: LOAD,
  gateways: 2,
  balancer: 'haproxy',
  drainDelayMs: 1_000,
  drainMs: 2_000,
  oneByOne: false,
  staggerMs: 0,
  holdMs: 300_000,
  balance: 'leastconn',
  quietMs: 0,
};

function stopped(changes: Partial<Stopped> = {}): Stopped {
  const exit = { code: 0, signal: null };
  return { nodeId: 'gateway-1', connections: 500, tookMs: 3_100, exit, ...changes };
}

const KILLED = stopped({ exit: { code: null, signal: 'SIGKILL' } });
const FAILED = stopped({ exit: { code: 1, signal: null } });
const SLOW = stopped({ tookMs: 8_001 });

function rollout(changes: Changes = {}, others: Partial<RolloutOutcome> = {}): RolloutOutcome {
  return {
    result: madeUpResult(changes),
    events: [],
    spreads: [],
    options: OPTIONS,
    balancer: 'HAProxy',
    readyMs: [400, 400],
    stopped: [stopped(), stopped({ nodeId: 'gateway-2' })],
    stoppingMs: 0,
    pace: 500,
    ...others,
  };
}

function broken(checks: readonly Check[]): string[] {
  return checks.filter(({ holds }) => !holds).map(({ name }) => name);
}

describe('the verdict on a rollout', () => {
  it('finds nothing wrong when every client moved once, at the pace', () => {
    expect(broken(rolloutChecks(rollout()))).to.deep.equal([]);
  });

  const faults: ReadonlyArray<readonly [what: string, check: string, outcome: () => RolloutOutcome]> = [
    ['somebody who never came in', 'connected before', () => rollout({ connects: { ok: 999 } })],
    ['a message that is lost', 'messages lost', () => rollout({ verdict: { lost: 1 } })],
    ['one that arrives twice', 'messages duplicated', () => rollout({ verdict: { duplicated: 1 } })],
    ['a wrong order', 'out of order or place', () => rollout({ verdict: { outOfOrder: 1 } })],
    ['two orders', 'out of order or place', () => rollout({ verdict: { orderDisagreements: 1 } })],
    ['a wrong room', 'out of order or place', () => rollout({ verdict: { strays: 1 } })],
    ['a refusal', 'messages refused', () => rollout({ messages: { refused: { unavailable: 1 } } })],
    [
      'somebody who missed something',
      'came back without what they missed',
      () => rollout({ resumes: { unrecovered: 1 } }),
    ],
    ['somebody who did not come back', 'stayed away', () => rollout({ resumes: { failed: 1 } })],
    ['somebody who is not there', 'stayed away', () => rollout({ last: { connected: 999 } })],
    ['a gateway that was killed', 'exit codes', () => rollout({}, { stopped: [stopped(), KILLED] })],
    ['a gateway that failed', 'exit codes', () => rollout({}, { stopped: [stopped(), FAILED] })],
    ['a gateway that stayed', 'gateways replaced', () => rollout({}, { stopped: [stopped()] })],
    [
      'a client that stayed',
      'clients that did not have to move',
      () => rollout({ resumes: { perConnection: [1, 999] } }),
    ],
    [
      'a client that moved twice',
      'reconnects of any client',
      () => rollout({ resumes: { perConnection: [0, 999, 1] } }),
    ],
    ['a rush', 'reconnects in any second', () => rollout({ last: { reconnects: 751 } })],
    [
      'a gateway that took long',
      'longest end of a gateway',
      () => rollout({}, { stopped: [stopped(), SLOW] }),
    ],
  ];
  for (const [what, check, outcome] of faults) {
    it(`finds ${what}, and nothing else`, () => {
      expect(broken(rolloutChecks(outcome()))).to.deep.equal([check]);
    });
  }

  it('allows peaks half above the pace', () => {
    expect(broken(rolloutChecks(rollout({ last: { reconnects: 750 } })))).to.deep.equal([]);
  });

  it('allows clients to move once for each gateway that is replaced, one by one', () => {
    const options = { ...OPTIONS, oneByOne: true };
    const twice = rollout({ resumes: { perConnection: [0, 900, 100] } }, { options });
    expect(broken(rolloutChecks(twice))).to.deep.equal([]);
    const thrice = rollout({ resumes: { perConnection: [0, 900, 99, 1] } }, { options });
    expect(broken(rolloutChecks(thrice))).to.deep.equal(['reconnects of any client']);
  });

  it('expects few sockets to be closed at a hundred per second', () => {
    expect(paceOf(2_500, 20_000)).to.equal(125);
    expect(paceOf(50, 20_000)).to.equal(100);
    expect(paceOf(50, 0)).to.equal(50_000);
  });
});

describe('the verdict on scaling', () => {
  const FOUR = { a: 260, b: 255, c: 245, d: 240 };
  const UNEVEN = { a: 400, b: 400, c: 100, d: 100 };
  const TWO = { a: 500, b: 500 };
  const options = { ...OPTIONS, from: 2, to: 4, sharePerMinute: 0.5 };

  function scale(changes: Changes = {}, others: Partial<ScaleOutcome> = {}): ScaleOutcome {
    const { result, events, balancer } = rollout(changes);
    return {
      result,
      events,
      balancer,
      options,
      readyMs: [400, 400],
      spreads: [
        { at: 10, connections: TWO },
        { at: 20, connections: UNEVEN },
        { at: 80, connections: FOUR },
        { at: 90, connections: TWO },
      ],
      outAt: 15,
      inAt: 85,
      stopped: [stopped(), stopped()],
      ...others,
    };
  }

  it('finds nothing wrong when all are level in time', () => {
    expect(broken(scaleChecks(scale()))).to.deep.equal([]);
  });

  it('finds what was lost', () => {
    expect(broken(scaleChecks(scale({ verdict: { lost: 1 } })))).to.deep.equal(['messages lost']);
  });

  it('finds that it took too long, or never happened', () => {
    const late = [
      { at: 105, connections: FOUR },
      { at: 109, connections: TWO },
    ];
    expect(broken(scaleChecks(scale({}, { spreads: late, inAt: 107 })))).to.deep.equal([
      'until all are level',
    ]);
    const never = [
      { at: 80, connections: UNEVEN },
      { at: 90, connections: TWO },
    ];
    expect(broken(scaleChecks(scale({}, { spreads: never })))).to.deep.equal(['until all are level']);
  });

  it('finds connections that are missing in the end, and gateways that are not', () => {
    const gone = [
      { at: 80, connections: FOUR },
      { at: 90, connections: { a: 500, b: 499 } },
    ];
    expect(broken(scaleChecks(scale({}, { spreads: gone })))).to.deep.equal(['connections in the end']);
    const stayed = [
      { at: 80, connections: FOUR },
      { at: 90, connections: FOUR },
    ];
    expect(broken(scaleChecks(scale({}, { spreads: stayed })))).to.deep.equal(['gateways in the end']);
  });

  it('considers gateways level when the fullest has 15 % more than the emptiest, as long as they stay so', () => {
    expect(ratio({ at: 1, connections: { a: 115, b: 100 } }, 2)).to.equal(1.15);
    expect(ratio({ at: 1, connections: { a: 100 } }, 2)).to.equal(Number.POSITIVE_INFINITY);
    expect(ratio({ at: 1, connections: { a: 100, b: 0 } }, 2)).to.equal(100);
    const spreads = [FOUR, UNEVEN, FOUR, FOUR].map((connections, at) => ({ at, connections }));
    expect(levelAfter(spreads, 0, 9, 4)).to.equal(2);
    expect(levelAfter(spreads.slice(0, 2), 0, 9, 4)).to.equal(undefined);
  });

  it('derives the time from the share that gateways give up', () => {
    expect(levelSeconds({ from: 2, to: 4, sharePerMinute: 0.5 })).to.equal(85);
    expect(levelSeconds({ from: 2, to: 4, sharePerMinute: 0.05 })).to.equal(625);
  });
});
