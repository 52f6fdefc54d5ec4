import { randomInt } from 'node:crypto';
import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { FAULT_KINDS_BY_REDIS, REDIS_KINDS } from './faults/fault-kinds.js';
import { possibleKinds } from './faults/possible-kinds.js';
import type { FaultKind } from './history/history.js';
import { planFaults } from './run/schedule.js';
import { type ChaosResult, runChaos } from './run-chaos.js';

const SECONDS = 30;
const CROWD = { clients: 120, rooms: 12, rate: 120 };
/** Of those that a schedule begins with, on a machine that is too busy for more. */
const AT_LEAST = 3;

describe('a cluster in which one thing breaks after the other, others in every run', function () {
  this.timeout(240_000);

  let result: ChaosResult;
  before(async () => {
    const seed = randomInt(2 ** 31);
    // The kinds of faults take turns: so few that their needs do not slow down every run.
    const redis = createPrng(seed).pick(REDIS_KINDS);
    const { servers, clients } = planFaults(seed, SECONDS, FAULT_KINDS_BY_REDIS[redis]);
    const kinds = new Set([...servers, ...clients].map(({ kind }) => kind));
    const faults = await possibleKinds([...kinds], (line) => console.log(line));
    const crowd = Object.entries(CROWD).map(([name, value]) => `--${name} ${value}`);
    console.log(
      `pnpm chaos --redis ${redis} --seed ${seed} --seconds ${SECONDS} ${crowd.join(' ')} --faults ${faults.join(',')}`,
    );
    result = await runChaos(
      {
        ...CROWD,
        scenario: 'faults',
        redis,
        seconds: SECONDS,
        seed,
        faults,
        settings: {},
        direct: false,
      },
      { signal: AbortSignal.timeout(230_000), say: (line) => console.log(line) },
    );
  });

  it('keeps every promise', () => {
    const broken = result.verdicts.filter(({ violations }) => violations > 0);
    expect(broken.map(({ rule, examples }) => ({ rule, examples }))).to.deep.equal([]);
    expect(result.verdicts.length).to.be.above(10);
  });

  it('was really broken, as its schedule says', () => {
    const { servers, clients } = result.schedule;
    for (const planned of [servers, clients]) {
      const kinds: readonly FaultKind[] = planned.map(({ kind }) => kind);
      const done = result.faults.map(({ kind }) => kind).filter((kind) => kinds.includes(kind));
      expect(done).to.deep.equal(kinds.slice(0, done.length));
      expect(done).to.have.length.of.at.least(Math.min(AT_LEAST, kinds.length));
    }
    for (const { what } of result.faults) expect(what).to.not.equal('');
  });

  it('really worked meanwhile', () => {
    const { messages, delivered, resumes } = result.figures;
    expect(messages.acked).to.be.above(1_000);
    expect(delivered).to.be.above(10_000);
    expect(resumes.recovered + resumes.notRecovered).to.be.above(5);
  });
});
