import { MemoryNodeRegistry, type NodeReport } from '@chorus/control';
import { CLOSE } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { eventually, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { isBeingReplaced, isRollingOut, RolloutHold } from './rollout.js';

type State = NodeReport['state'];
/** Node id, revision and state. */
type Row = readonly [nodeId: string, revision: string | undefined, state?: State];

const reports = (...rows: Row[]): NodeReport[] =>
  rows.map(([nodeId, revision, state = 'ready']) => ({
    nodeId,
    revision,
    startedAt: 0,
    connections: 1,
    rooms: 0,
    state,
  }));

describe('a rollout of gateways', () => {
  const mustWait: readonly (readonly [what: string, nodes: NodeReport[], expected: boolean])[] = [
    ['no other gateway', reports(['me', 'a', 'draining']), false],
    ['scaling in', reports(['me', 'a', 'draining'], ['b', 'a']), false],
    ['the first of a rollout that ends', reports(['me', 'a', 'draining'], ['b', 'a'], ['c', 'b']), true],
    ['others that cannot deliver now', reports(['me', 'a'], ['b', 'a', 'degraded'], ['c', 'b']), true],
    ['the last of a rollout that ends', reports(['me', 'a'], ['b', 'a', 'draining'], ['c', 'b']), false],
    ['a roll-back before any other ended', reports(['me', 'a'], ['b', 'a'], ['c', 'b', 'draining']), false],
    ['new gateways that are not ready', reports(['me', 'a'], ['b', 'a'], ['c', 'b', 'degraded']), false],
    ['gateways without a revision', reports(['me', 'a'], ['b', 'a'], ['c', undefined]), false],
    ['its own report', reports(['me', 'a'], ['c', 'b']), false],
  ];
  for (const [what, nodes, expected] of mustWait) {
    it(`${expected ? 'keeps' : 'does not keep'} the sockets of an ending gateway: ${what}`, () => {
      expect(isBeingReplaced(nodes, { nodeId: 'me', revision: 'a' })).to.equal(expected);
    });
  }

  it('is not noticed by a gateway without a revision', () => {
    const nodes = reports(['me', undefined], ['b', undefined], ['c', 'b']);
    expect(isBeingReplaced(nodes, { nodeId: 'me', revision: undefined })).to.equal(false);
  });

  it('is in progress while gateways of one of several revisions drain', () => {
    expect(isRollingOut(reports(['a', 'a', 'draining'], ['b', 'b']))).to.equal(true);
    expect(isRollingOut(reports(['a', 'a'], ['b', 'b']))).to.equal(false);
    expect(isRollingOut(reports(['a', 'a', 'draining'], ['b', 'a'], ['c', undefined]))).to.equal(false);
  });

  it('keeps sockets no longer than allowed', async () => {
    const nodes = new MemoryNodeRegistry();
    for (const report of reports(['b', 'a'], ['c', 'b'])) await nodes.report(report, 60_000);
    const own = { nodeId: 'me', revision: 'a', nodes, log: silentLog };
    const began = performance.now();
    await new RolloutHold({ ...own, maxMs: 200, delayMs: 60_000, stepMs: 20 }).wait();
    expect(performance.now() - began).to.be.at.least(199);
    await new RolloutHold({ ...own, maxMs: 0, delayMs: 60_000 }).wait();
  });

  it('does not begin to keep sockets while the gateways are unknown, but continues', async () => {
    let reads = 0;
    const answers = [reports(['b', 'a'], ['c', 'b']), undefined, reports(['b', 'a', 'draining'], ['c', 'b'])];
    const nodes = {
      nodes: async () => {
        const answer = answers[reads++];
        if (answer === undefined) throw new UnavailableError('no Redis');
        return answer;
      },
    };
    const parts = {
      nodeId: 'me',
      revision: 'a',
      nodes,
      log: silentLog,
      maxMs: 60_000,
      delayMs: 0,
      stepMs: 1,
    };
    await new RolloutHold(parts).wait();
    expect(reads).to.equal(3);
    reads = 1;
    await new RolloutHold(parts).wait();
    expect(reads).to.equal(2);
    // Cut off from Redis for good: the list is read once, and ten more times in vain.
    reads = 0;
    answers.splice(1);
    await new RolloutHold(parts).wait();
    expect(reads).to.equal(11);
  });

  it('moves no client before the last old gateway ends, and then all', async function () {
    this.timeout(patiently(20_000));
    const fixture = new GatewayFixture();
    try {
      await fixture.directory.ensure(1, 0);
      const old = { REVISION: 'old', DRAIN_DELAY_MS: '100' };
      const first = await fixture.start({ ...old, NODE_ID: 'first' });
      const last = await fixture.start({ ...old, NODE_ID: 'last' });
      await fixture.start({ REVISION: 'new', NODE_ID: 'new' });
      const socket = await fixture.join(first, 1, ANN);
      const other = await fixture.join(last, 1, BOB);
      const ending = first.close();
      let ended = false;
      void socket.ended.then(() => {
        ended = true;
      });
      await eventually(async () => {
        const refused = await fixture.refusal(first, '/ws/join-room/1', fixture.bearer(BOB));
        expect(refused.status).to.equal(503);
      });
      socket.socket.send('still here');
      await other.message('still here');
      expect(ended).to.equal(false);
      await Promise.all([ending, last.close()]);
      for (const { code } of [await socket.ended, await other.ended]) {
        expect(code).to.equal(CLOSE.restart.code);
      }
    } finally {
      await fixture.close();
    }
  });
});
