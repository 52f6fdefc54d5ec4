import { expect } from 'chai';
import { deliveries } from './measurements/deliveries.js';
import type { Effort } from './measurements/measurement.js';
import { runRounds } from './rounds.js';
import { SYSTEMS } from './systems/index.js';

const EFFORT: Effort = { durationMs: 1_000, warmUpMs: 300, settleMs: 1_000, share: 0.01 };
const LOAD = { name: 'tiny', title: 'tiny', rooms: 4, members: 5, deliveriesPerSecond: 500 };

describe('comparison with peers', function () {
  this.timeout(60_000);

  it('has Chorus and a peer deliver everything, and measures what that costs', async () => {
    const two = SYSTEMS.filter(({ name }) => ['floor', 'chorus.v1'].includes(name));
    const { systems } = await runRounds(deliveries(LOAD), { systems: two, effort: EFFORT, rounds: 1 });
    expect(systems).to.have.length(2);
    for (const { title, samples, failures } of systems) {
      expect(failures, title).to.deep.equal([]);
      const figures = samples[0]?.figures;
      expect(figures?.lost, title).to.equal(0);
      for (const name of ['µs/delivery', 'nodes µs', 'Redis µs', 'p50 ms', 'p99 ms', 'node %']) {
        expect(figures?.[name], `${title}: ${name}`).to.be.greaterThan(0);
      }
    }
  });
});
