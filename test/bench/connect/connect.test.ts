import { expect } from 'chai';
import type { Effort } from '../peers/measurements/measurement.js';
import { runRounds } from '../peers/rounds.js';
import { SYSTEMS } from '../peers/systems/index.js';
import { connects } from './connects.js';
import { storm } from './storm.js';

const EFFORT: Effort = { durationMs: 1_000, warmUpMs: 1_000, settleMs: 0, share: 1 };

describe('benchmark of connects', function () {
  this.timeout(90_000);

  const named = (...names: readonly string[]) => SYSTEMS.filter(({ name }) => names.includes(name));

  it('measures cost, time and memory of a connect, for Chorus and the floor', async () => {
    const { systems } = await runRounds(connects({ connections: 200, members: 20, perSecond: undefined }), {
      systems: named('floor', 'chorus', 'chorus.v1'),
      effort: EFFORT,
      rounds: 1,
    });
    expect(systems).to.have.length(3);
    for (const { title, samples, failures } of systems) {
      expect(failures, title).to.deep.equal([]);
      for (const name of ['µs/connect', 'nodes µs', 'Redis µs', 'connects/s', 'p50 ms', 'p99 ms']) {
        expect(samples[0]?.figures[name], `${title}: ${name}`).to.be.greaterThan(0);
      }
    }
  });

  it('has the clients of a killed node reconnect to the others without a loss', async () => {
    const wanted = { connections: 200, members: 20, messagesPerSecond: 100, overMs: 1_000 };
    const { systems } = await runRounds(storm(wanted), { systems: named('chorus.v1'), effort: EFFORT });
    const [{ samples, failures } = { samples: [], failures: ['no system'] }] = systems;
    expect(failures).to.deep.equal([]);
    expect(samples[0]?.figures).to.include({ 'came back': 200, 'not recovered': 0, lost: 0 });
    expect(samples[0]?.figures['caught up s']).to.be.greaterThan(0);
  });
});
