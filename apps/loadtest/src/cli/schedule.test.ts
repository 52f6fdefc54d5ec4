import { expect } from 'chai';
import { scenarioSchema } from '../scenario.js';
import { secondsOf, usersFor } from './schedule.js';

describe('the schedule of a run', () => {
  it('includes the ramp, the warm-up, the measurement and the end', () => {
    const scenario = scenarioSchema.parse({
      targets: ['ws://127.0.0.1'],
      connections: 3_000,
      ramp: 100,
      warmUpMs: 1_000,
      durationMs: 20_000,
      settleMs: 4_000,
    });
    expect(secondsOf(scenario)).to.equal(55);
  });

  it('gives every socket its own user when tokens cost nothing', () => {
    expect(usersFor(20_000, true)).to.equal(20_000);
  });

  it('keeps below the limits of the servers when an API has to create the users', () => {
    for (const connections of [1, 30, 200, 1_000, 7_000]) {
      const users = usersFor(connections, false);
      expect(users, 'no user is idle').to.be.at.most(connections);
      expect(users, 'SIGNUP_ATTEMPTS_PER_ADDRESS').to.be.at.most(300);
      expect(connections / users, 'MAX_CONNECTIONS_PER_USER').to.be.at.most(50);
    }
  });
});
