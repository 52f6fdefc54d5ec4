import { once } from 'node:events';
import { MemoryNodeRegistry, type NodeReport } from '@chorus/control';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { type FakeConnection, openFake } from '../testing/connections.js';
import { Rebalance, type RebalanceParts } from './rebalance.js';

/** Steps are this short, in milliseconds, to make the test fast. */
const STEP_MS = 10;

describe('rebalancing', () => {
  let connections: ConnectionRegistry;
  let all: FakeConnection[];
  let nodes: MemoryNodeRegistry;
  let asked: EventTarget;
  let able: boolean;
  /** Whether clients reconnect at once when asked, to the emptiest node. */
  let back: boolean;
  let rebalance: Rebalance;

  /** Starts nodes with these numbers of connections; the first one is the node under test. */
  async function cluster(mine: number, ...others: Array<[number, NodeReport['state']?]>): Promise<void> {
    connections = new ConnectionRegistry('node-0');
    nodes = new MemoryNodeRegistry();
    asked = new EventTarget();
    able = true;
    back = true;
    all = Array.from(
      { length: mine },
      (_, at) => openFake(connections, { id: at + 1, username: 'x' }).connection,
    );
    for (const [at, [count, state]] of others.entries()) await report(`node-${at + 1}`, count, state);
  }

  function report(nodeId: string, connections: number, state: NodeReport['state'] = 'ready'): Promise<void> {
    return nodes.report({ nodeId, startedAt: 0, connections, rooms: 0, state }, 60_000);
  }

  async function reports(): Promise<NodeReport[]> {
    const counted = (await nodes.nodes()).map((node) => ({ ...node }));
    const open = counted.filter(({ state }) => state === 'ready');
    for (let left = back ? reconnecting().length : 0; left > 0 && open.length > 0; left--) {
      open.sort((a, b) => a.connections - b.connections);
      for (const emptiest of open.slice(0, 1)) emptiest.connections++;
    }
    return counted;
  }

  function start(options: Partial<RebalanceParts> = {}): void {
    rebalance = new Rebalance({
      nodeId: 'node-0',
      connections,
      nodes: {
        report: (report, ttlMs) => nodes.report(report, ttlMs),
        forget: (nodeId) => nodes.forget(nodeId),
        nodes: async () => {
          asked.dispatchEvent(new Event('asked'));
          return reports();
        },
      },
      able: () => able,
      auto: false,
      sharePerMinute: 0.05,
      log: silentLog,
      stepMs: STEP_MS,
      ...options,
    });
  }
  afterEach(() => rebalance.close());

  const reconnecting = (): FakeConnection[] =>
    all.filter(({ reconnectRequestedAt }) => reconnectRequestedAt !== undefined);

  async function steps(count: number): Promise<void> {
    for (let step = 0; step < count; step++) await once(asked, 'asked');
  }

  async function finished(): Promise<void> {
    while (rebalance.active) await new Promise(setImmediate);
  }

  it('gives up the connections above the average of the ready nodes, oldest first, and no more', async () => {
    await cluster(90, [30], [30], [1_000, 'draining'], [0, 'degraded']);
    start();
    rebalance.start(100);
    await finished();
    expect(reconnecting()).to.deep.equal(all.slice(0, 40));
  });

  it('gives up at most the requested share per minute', async () => {
    await cluster(1_000, [0]);
    start({ stepMs: STEP_MS });
    rebalance.start(0.6);
    await steps(101);
    // 600 a minute, 100 steps of 10 ms: 10.
    expect(reconnecting().length).to.be.within(9, 11);
  });

  it('reads the list of gateways less often when it is long, and gives up as many connections per minute', async () => {
    await cluster(1_000, ...Array.from({ length: 199 }, () => [0] as [number]));
    start();
    const began = performance.now();
    rebalance.start(1.5);
    await steps(12);
    // 1,500 a minute. Ten reads, four steps of 10 ms apart: 10.
    expect(performance.now() - began).to.be.at.least(10 * 4 * STEP_MS);
    expect(reconnecting().length).to.be.within(9, 11);
  });

  it('ends when this node is level, although reconnecting clients are counted on no node for a while', async () => {
    await cluster(60, [30], [30]);
    back = false;
    start({ stepMs: 1 });
    // The share is large enough for one step: 60,000 times the connections per minute.
    rebalance.start(1_000);
    while (reconnecting().length < 20) await new Promise(setImmediate);
    back = true;
    await finished();
    expect(reconnecting()).to.have.length(20);
  });

  it('waits by itself while a rollout replaces gateways, unless an operator asks', async () => {
    await cluster(1_000, [0]);
    const revisions = async (mine: string, theirs: string): Promise<void> => {
      for (const [nodeId, count, revision] of [
        ['node-0', 1_000, mine] as const,
        ['node-1', 0, theirs] as const,
      ]) {
        await nodes.report(
          { nodeId, startedAt: 0, connections: count, rooms: 0, state: 'ready', revision },
          60_000,
        );
      }
    };
    await revisions('a', 'b');
    start({ auto: true, sharePerMinute: 1_000, rolloutMs: 60_000, stepMs: 1 });
    await steps(3);
    expect(reconnecting()).to.have.length(0);
    await revisions('b', 'b');
    while (reconnecting().length === 0) await new Promise(setImmediate);
    await rebalance.close();
    await cluster(1_000, [0]);
    await revisions('a', 'b');
    start({ rolloutMs: 60_000, stepMs: 1 });
    rebalance.start(1_000);
    await finished();
    expect(reconnecting().length).to.be.greaterThan(0);
  });

  it('gives up nothing while all nodes are within 7 % of the average, or without other nodes', async () => {
    await cluster(107, [100], [95]);
    start();
    rebalance.start(1);
    await finished();
    expect(reconnecting()).to.have.length(0);
    await rebalance.close();
    await cluster(110);
    start();
    rebalance.start(1);
    await finished();
    expect(reconnecting()).to.have.length(0);
  });

  it('gives up its part for an empty node, although it is barely above the average itself', async () => {
    await cluster(100, ...Array.from({ length: 19 }, (): [number] => [100]), [0]);
    start({ stepMs: 1 });
    rebalance.start(1_000);
    await finished();
    // 2,000 on 21 nodes.
    expect(reconnecting()).to.have.length(4);
  });

  it('checks again at the end, because a reconnecting client may have been counted twice', async () => {
    await cluster(100, [100], [40]);
    start({ stepMs: 1 });
    rebalance.start(1_000);
    while (reconnecting().length < 10) await new Promise(setImmediate);
    // Ten clients of the other full node have connected to this one, and its report shows that later.
    await report('node-2', 50);
    while (reconnecting().length < 16) await new Promise(setImmediate);
    expect(rebalance.active).to.equal(true);
    await report('node-1', 80);
    await report('node-2', 60);
    await finished();
    expect(reconnecting()).to.have.length(20);
  });

  it('stops while this node is not ready', async () => {
    await cluster(1_000, [0]);
    start({ stepMs: 1 });
    rebalance.start(1);
    await steps(3);
    able = false;
    while (rebalance.active) await new Promise(setImmediate);
    const before = reconnecting().length;
    expect(before).to.be.below(500);
  });

  it('starts by itself in automatic mode', async () => {
    await cluster(60, [30], [30]);
    start({ auto: true, stepMs: 1, sharePerMinute: 1_000 });
    while (reconnecting().length < 20) await new Promise(setImmediate);
    while (rebalance.active) await new Promise(setImmediate);
    expect(reconnecting()).to.have.length(20);
  });

  it('does not start by itself in manual mode', async () => {
    await cluster(60, [30], [30]);
    start({ stepMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reconnecting()).to.have.length(0);
  });
});
