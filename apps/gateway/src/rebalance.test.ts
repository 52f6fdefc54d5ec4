import { once } from 'node:events';
import { MemoryNodeRegistry, type NodeReport } from '@chorus/control';
import { createLogger } from '@chorus/service';
import { expect } from 'chai';
import { Connections } from './connections.js';
import { Rebalance, type RebalanceParts } from './rebalance.js';
import { type FakeConnection, openFake } from './test-connections.js';

/** Time goes this many times as fast. */
const STEP_MS = 10;
const log = createLogger({ service: 'test', level: 'silent' });

describe('rebalancing', () => {
  let connections: Connections;
  let all: FakeConnection[];
  let nodes: MemoryNodeRegistry;
  let asked: EventTarget;
  let able: boolean;
  let rebalance: Rebalance;

  /** Nodes with so many connections; the first is this one. */
  async function cluster(mine: number, ...others: Array<[number, NodeReport['state']?]>): Promise<void> {
    connections = new Connections('node-0');
    nodes = new MemoryNodeRegistry();
    asked = new EventTarget();
    able = true;
    all = Array.from(
      { length: mine },
      (_, at) => openFake(connections, { id: at + 1, username: 'x' }).connection,
    );
    for (const [at, [count, state = 'ready']] of others.entries()) {
      const report = { nodeId: `node-${at + 1}`, startedAt: 0, connections: count, rooms: 0, state };
      await nodes.report(report, 60_000);
    }
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
          return nodes.nodes();
        },
      },
      able: () => able,
      auto: false,
      sharePerMinute: 0.05,
      log,
      stepMs: STEP_MS,
      ...options,
    });
  }
  afterEach(() => rebalance.close());

  const sentAway = (): FakeConnection[] => all.filter(({ sentAwayAt }) => sentAwayAt !== undefined);

  async function steps(count: number): Promise<void> {
    for (let step = 0; step < count; step++) await once(asked, 'asked');
  }

  async function finished(): Promise<void> {
    while (rebalance.active) await new Promise(setImmediate);
  }

  it('gives up what is above the average of the ready nodes, the oldest first, and no more', async () => {
    await cluster(90, [30], [30], [1_000, 'draining'], [0, 'degraded']);
    start();
    rebalance.start(100);
    await finished();
    expect(sentAway()).to.deep.equal(all.slice(0, 40));
  });

  it('gives up at most the share that was asked for', async () => {
    await cluster(1_000, [0]);
    start({ stepMs: STEP_MS });
    rebalance.start(0.6);
    await steps(101);
    // 600 a minute, 100 steps of 10 ms: 10.
    expect(sentAway().length).to.be.within(9, 11);
  });

  it('ends when this node is level, although those who left are counted nowhere for a while', async () => {
    await cluster(60, [30], [30]);
    start({ stepMs: 1 });
    // Fast enough to be over at once: 60,000 times in a minute.
    rebalance.start(1_000);
    await finished();
    expect(sentAway()).to.have.length(20);
  });

  it('gives up nothing within a tenth of the average, or alone', async () => {
    await cluster(110, [100], [95]);
    start();
    rebalance.start(1);
    await finished();
    expect(sentAway()).to.have.length(0);
    await rebalance.close();
    await cluster(110);
    start();
    rebalance.start(1);
    await finished();
    expect(sentAway()).to.have.length(0);
  });

  it('stops while this node is not ready', async () => {
    await cluster(1_000, [0]);
    start({ stepMs: 1 });
    rebalance.start(1);
    await steps(3);
    able = false;
    while (rebalance.active) await new Promise(setImmediate);
    const before = sentAway().length;
    expect(before).to.be.below(500);
  });

  it('starts by itself when it may', async () => {
    await cluster(60, [30], [30]);
    start({ auto: true, stepMs: 1, sharePerMinute: 1_000 });
    while (sentAway().length < 20) await new Promise(setImmediate);
    while (rebalance.active) await new Promise(setImmediate);
    expect(sentAway()).to.have.length(20);
  });

  it('does nothing by itself when it may not', async () => {
    await cluster(60, [30], [30]);
    start({ stepMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sentAway()).to.have.length(0);
  });
});
