import { StartError } from '@chorus/service';
import { expect } from 'chai';
import { type RolloutOptions, rehearseRollout, rolloutChecks } from './rehearsals/rollout.js';
import { rolloutReport } from './report/report.js';
import { balancersHere } from './testing/balancers.js';

const SILENT = { say: () => undefined };

describe('a short rehearsal', function () {
  this.timeout(90_000);
  let options: RolloutOptions;

  before(async () => {
    const [balancer] = await balancersHere();
    options = {
      load: { connections: 40, rate: 60, roomSize: 4, workers: 1, ramp: 400 },
      gateways: 2,
      balancer,
      drainDelayMs: 1_000,
      drainMs: 500,
      oneByOne: false,
      staggerMs: 0,
      holdMs: 60_000,
      balance: 'leastconn',
      quietMs: 300,
    };
  });

  it('replaces all gateways, and no client misses a message', async () => {
    const outcome = await rehearseRollout(options, SILENT);
    const checks = rolloutChecks(outcome);
    const lost = checks.find(({ name }) => name === 'messages lost');
    expect(lost, rolloutReport(outcome, checks)).to.include({ holds: true });
    expect(outcome.result.verdict.expected).to.be.greaterThan(100);
    expect(outcome.result.resumes.replayMs?.count).to.be.at.least(40);
  });

  it('reports why gateways cannot be started, and leaves nothing behind', async () => {
    const error = await rehearseRollout({ ...options, drainMs: -1 }, SILENT).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(StartError);
    expect((error as StartError).message).to.match(/gateway-\d does not get ready: .*DRAIN_MS/);
  });
});
