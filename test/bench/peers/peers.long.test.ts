import { expect } from 'chai';
import { deliveries } from './measurements/deliveries.js';
import { dropSome } from './measurements/drops.js';
import type { Effort } from './measurements/measurement.js';
import { runRounds } from './rounds.js';
import { SYSTEMS } from './systems/index.js';
import type { System } from './systems/system.js';

/** Long enough that a late start on a busy machine matters little. */
const EFFORT: Effort = { durationMs: 2_000, warmUpMs: 300, settleMs: 1_000, share: 0.01 };
const LOAD = { name: 'tiny', title: 'tiny', rooms: 4, members: 5, deliveriesPerSecond: 500 };
const DROPS = { rooms: 2, members: 5, messagesPerSecond: 200, cutsPerSecond: 5, awayMs: 200 };

const named = (name: string): System => {
  const system = SYSTEMS.find((one) => one.name === name);
  if (system === undefined) throw new Error(`there is no system ${name}`);
  return system;
};

describe('comparison with peers', function () {
  this.timeout(120_000);

  it('has every system deliver everything, and measures the cost', async () => {
    const { systems } = await runRounds(deliveries(LOAD), { systems: SYSTEMS, effort: EFFORT, rounds: 1 });
    for (const { title, samples, failures } of systems) {
      expect(failures, title).to.deep.equal([]);
      const figures = samples[0]?.figures;
      expect(figures?.lost, title).to.equal(0);
      expect(figures?.['deliveries/s'], title).to.be.within(450, 550);
      for (const name of ['µs/delivery', 'nodes µs', 'Redis µs', 'p50 ms', 'p99 ms', 'node %']) {
        expect(figures?.[name], `${title}: ${name}`).to.be.greaterThan(0);
      }
    }
  });

  it('counts what is lost while clients are disconnected, for systems without recovery', async () => {
    const { figures, marks } = await dropSome(named('floor'), EFFORT, DROPS);
    expect(figures['came back']).to.be.greaterThan(0);
    expect(figures.lost).to.be.greaterThan(0);
    // By design, so the round is not marked.
    expect(marks.filter((mark) => mark.includes('lost'))).to.deep.equal([]);
  });

  it('finds no losses for systems that recover', async () => {
    const { figures, marks } = await dropSome(named('chorus'), EFFORT, DROPS);
    expect(figures['came back']).to.be.greaterThan(0);
    expect(figures['not recovered']).to.equal(0);
    expect(figures.lost).to.equal(0);
    expect(marks.filter((mark) => mark.includes('lost'))).to.deep.equal([]);
  });
});
