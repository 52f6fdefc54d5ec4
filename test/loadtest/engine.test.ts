import { Tokens } from '@chorus/auth';
import { type LoadResult, runLoad, type Scenario, scenarioSchema } from '@chorus/loadtest';
import { expect } from 'chai';
import { BENCH_SECRET, type BenchGateways, startGateways } from '../bench/gateway/bench-gateways.js';

const ROOMS = 30;

describe('the load tester against gateways', function () {
  this.timeout(120_000);
  let cluster: BenchGateways;

  before(async () => {
    cluster = await startGateways(2, { MAX_MESSAGES_PER_SECOND: '20' });
    await cluster.createRooms(Array.from({ length: ROOMS }, (_, index) => index + 1));
  });

  after(() => cluster.close());

  function run(options: Partial<Scenario>): Promise<LoadResult> {
    const tokens = new Tokens(BENCH_SECRET);
    const scenario = scenarioSchema.parse({
      targets: cluster.gateways.map(({ port }) => `ws://127.0.0.1:${port}`),
      connections: 300,
      rooms: ROOMS,
      membersPerRoom: 10,
      ramp: 1_000,
      rate: 150,
      churn: 30,
      churnAwayMs: 300,
      warmUpMs: 1_000,
      durationMs: 4_000,
      settleMs: 20_000,
      workers: 2,
      ...options,
    });
    const identities = Array.from({ length: scenario.connections }, (_, index) => {
      const member = { id: index + 1, username: `user${index + 1}` };
      return { userId: member.id, username: member.username, token: tokens.sign(member) };
    });
    return runLoad(scenario, { identities, roomIds: Array.from({ length: ROOMS }, (_, index) => index + 1) });
  }

  function expectAllWell({ verdict, connects, resumes, closes }: LoadResult, connections: number): void {
    expect(connects).to.deep.include({ ok: connections, failed: 0, failures: {} });
    expect(verdict).to.include({ lost: 0, duplicated: 0, outOfOrder: 0, orderDisagreements: 0 });
    expect(verdict.delivered).to.equal(verdict.expected);
    expect(verdict.expected).to.be.greaterThan(5_000);
    expect(resumes).to.include({ unrecovered: 0, failed: 0 });
    // A slow machine has time for fewer.
    expect(resumes.ok).to.be.within(20, 120);
    expect(resumes.ms?.count).to.equal(resumes.ok);
    expect(resumes.replayMs?.count).to.equal(resumes.ok);
    expect(resumes.replayMs?.p50)
      .to.be.greaterThan(0)
      .and.to.be.at.most(resumes.ms?.p50 ?? 0);
    expect(closes).to.deep.equal({});
  }

  it('sees everything arrive once and in order, and everybody who was cut catch up', async () => {
    const result = await run({ protocol: 'chorus.v1' });
    expectAllWell(result, 300);
    expect(result.messages.acked).to.equal(result.messages.sent);
    expect(result.messages.refused).to.deep.equal({});
  });

  it('sees the same on plain sockets', async () => {
    const result = await run({ protocol: 'plain' });
    expectAllWell(result, 300);
    expect(result.messages.ackMs).to.equal(undefined);
  });

  it('joins more rooms than a socket may in a second, as they are allowed', async () => {
    const result = await run({
      protocol: 'chorus.v1',
      mix: 'heavy-tailed',
      connections: 15,
      rate: 100,
      churn: 0,
    });
    expect(result.connects).to.deep.include({ ok: 15, failed: 0 });
    expect(result.verdict).to.include({ lost: 0, duplicated: 0, outOfOrder: 0, orderDisagreements: 0 });
    expect(result.verdict.delivered).to.equal(result.verdict.expected);
    expect(result.closes).to.deep.equal({});
  });
});
