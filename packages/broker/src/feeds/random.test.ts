import { expect } from 'chai';
import { ReplayWorld } from '../testing/replay-world.js';

const WORLDS = 100;
const STEPS = 400;

describe('replays under random sequences of events', function () {
  this.timeout(120_000);

  it('are exact, or refused', async () => {
    const first = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    const states: Record<string, number> = {};
    for (let seed = first; seed < first + WORLDS; seed++) {
      const world = new ReplayWorld(seed);
      try {
        await world.run(STEPS);
        world.checkClients();
        for (const { state } of world.clients) states[state] = (states[state] ?? 0) + 1;
        await world.checkRefusals();
        world.checkClients();
      } catch (error) {
        throw new Error(`with SEED=${seed}: ${String(error)}`, { cause: error });
      } finally {
        await world.close();
      }
    }
    // A world in which hardly any client gets a replay would prove nothing.
    expect(states.live).to.be.above(WORLDS * 5);
    expect(states.refused).to.be.above(WORLDS);
  });
});
