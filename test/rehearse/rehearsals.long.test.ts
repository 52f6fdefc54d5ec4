import { expect } from 'chai';
import type { BalancerKind } from './balancer/index.js';
import { type RolloutOptions, rehearseRollout, rolloutChecks } from './rehearsals/rollout.js';
import { rehearseScale, scaleChecks } from './rehearsals/scale.js';
import type { Check } from './report/checks.js';
import { levelAfter } from './report/level.js';
import { rolloutReport, scaleReport } from './report/report.js';
import { balancersHere, ensureHaproxy } from './testing/balancers.js';

const SILENT = { say: () => undefined };

describe('rehearsals with a few hundred clients', function () {
  this.timeout(180_000);
  let first: BalancerKind;
  let last: BalancerKind;
  let options: RolloutOptions;

  before(async () => {
    const kinds = await balancersHere();
    first = kinds[0];
    last = kinds.at(-1) ?? first;
    options = {
      load: { connections: 240, rate: 120, roomSize: 4, workers: 1, ramp: 400 },
      gateways: 2,
      balancer: first,
      drainDelayMs: 2_500,
      drainMs: 1_500,
      oneByOne: false,
      staggerMs: 0,
      holdMs: 60_000,
      balance: 'leastconn',
      quietMs: 500,
    };
  });

  it('replaces all gateways; each client reconnects at most once and misses nothing', async () => {
    const outcome = await rehearseRollout(options, SILENT);
    const checks = rolloutChecks(outcome);
    expect(broken(checks), rolloutReport(outcome, checks)).to.deep.equal([]);
    expect(outcome.pace).to.equal(200);
    expect(outcome.result.verdict.expected).to.be.greaterThan(1_000);
    expect(outcome.result.resumes.replayMs?.count).to.equal(240);
  });

  it('moves each client once, although gateways end one after the other behind a balancer that spreads blindly', async () => {
    // Only its configuration has such a mode.
    await ensureHaproxy();
    const outcome = await rehearseRollout(
      { ...options, balancer: 'haproxy', gateways: 3, staggerMs: 4_000, balance: 'roundrobin' },
      SILENT,
    );
    const checks = rolloutChecks(outcome);
    expect(broken(checks), rolloutReport(outcome, checks)).to.deep.equal([]);
  });

  it('adds gateways, which fill up, and removes them again; clients miss nothing', async () => {
    const { load, drainDelayMs, drainMs, quietMs } = options;
    const outcome = await rehearseScale(
      { load, drainDelayMs, drainMs, quietMs, balancer: last, from: 4, to: 5, sharePerMinute: 1 },
      SILENT,
    );
    const checks = scaleChecks(outcome);
    // The machine determines how soon they are level; otherwise the rehearsal waits three times as long.
    const apart = checks.filter(({ name }) => name !== 'until all are level');
    expect(broken(apart), scaleReport(outcome, checks)).to.deep.equal([]);
    const { spreads, outAt, inAt } = outcome;
    expect(levelAfter(spreads, outAt, inAt, 5), scaleReport(outcome, checks)).not.to.equal(undefined);
    expect(Object.keys(outcome.spreads[0]?.connections ?? {})).to.have.length(4);
    expect(Math.max(...outcome.spreads.map(({ connections }) => Object.keys(connections).length))).to.equal(
      5,
    );
  });

  it('finds what is wrong when gateways are killed and clients cannot resume', async () => {
    const dialect = new URL('testing/forgetful-dialect.js', import.meta.url).href;
    const outcome = await rehearseRollout(
      { ...options, load: { ...options.load, dialect }, stopSignal: 'SIGKILL' },
      SILENT,
    );
    expect(broken(rolloutChecks(outcome))).to.include.members([
      'messages lost',
      'came back without what they missed',
      'exit codes',
    ]);
    expect(outcome.result.closes).to.deep.equal({ 1006: 240 });
  });
});

function broken(checks: readonly Check[]): string[] {
  return checks.filter(({ holds }) => !holds).map(({ name }) => name);
}
