import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { NodeFigures, NodeRegistry, NodeReport } from '../node-registry.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface NodeRegistryFixture {
  /** Opens the registry as another process would; all registries of a fixture share their content. */
  open(): NodeRegistry;
  /** Resolves when at least `ms` milliseconds have passed on the clock of the reports. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const LONG_MS = 60_000;

const FIGURES: NodeFigures = {
  at: 1_700_000_001_000,
  connectionsLimit: 20_000,
  messagesIn: 12,
  messagesOut: 3_400,
  relays: 9,
  relayMs: 21.5,
  probeMs: null,
  eventLoopDelayMs: 1.25,
  processorShare: 0.5,
  rssBytes: 64_000_000,
  reconnectRequests: 3,
  drainedFrom: 8,
};

/** Mocha tests of the guarantees of {@link NodeRegistry}. */
export function describeNodeRegistry(name: string, createFixture: () => Promise<NodeRegistryFixture>): void {
  describe(`node registry: ${name}`, () => {
    let fixture: NodeRegistryFixture;
    let a: NodeRegistry;
    let b: NodeRegistry;

    beforeEach(async () => {
      fixture = await createFixture();
      [a, b] = [fixture.open(), fixture.open()];
    });

    afterEach(() => fixture.close());

    const report = (nodeId: string, connections = 0): NodeReport => ({
      nodeId,
      startedAt: 1_700_000_000_000,
      connections,
      rooms: 2,
      state: 'ready',
    });
    const ids = async (registry: NodeRegistry): Promise<string[]> =>
      (await registry.nodes()).map(({ nodeId }) => nodeId);

    it('lists all nodes by id', async () => {
      expect(await a.nodes()).to.deep.equal([]);
      const draining: NodeReport = { ...report('a', 5), state: 'draining' };
      await b.report(report('b', 7), LONG_MS);
      await b.report(report('B'), LONG_MS);
      await a.report(draining, LONG_MS);
      expect(await a.nodes()).to.deep.equal([report('B'), draining, report('b', 7)]);
      expect(await b.nodes()).to.deep.equal(await a.nodes());
    });

    it('returns the newest report of a node', async () => {
      await a.report(report('a', 1), LONG_MS);
      await a.report(report('a', 2), LONG_MS);
      expect(await b.nodes()).to.deep.equal([report('a', 2)]);
    });

    it('returns the figures of nodes, and nodes of an older version without figures', async () => {
      const full: NodeReport = { ...report('full', 5), url: 'http://10.0.0.7:4000', figures: FIGURES };
      await a.report(full, LONG_MS);
      await a.report(report('older', 1), LONG_MS);
      expect(await b.nodes()).to.deep.equal([full, report('older', 1)]);
    });

    it('removes a node whose report has expired', async () => {
      await a.report(report('a'), LONG_MS);
      await b.report(report('b'), LONG_MS);
      expect(await ids(b)).to.deep.equal(['a', 'b']);
      await a.report(report('a'), 1);
      await fixture.pass(2);
      expect(await ids(b)).to.deep.equal(['b']);
      await b.report(report('b', 1), LONG_MS);
      expect(await ids(b)).to.deep.equal(['b']);
    });

    it('lists a node again that reports after its expiry', async () => {
      await a.report(report('a', 1), 1);
      await fixture.pass(2);
      await a.report(report('a', 2), LONG_MS);
      expect(await b.nodes()).to.deep.equal([report('a', 2)]);
    });

    it('measures the time to live from the newest report', async () => {
      await a.report(report('a', 1), LONG_MS);
      await a.report(report('a', 2), 1);
      await fixture.pass(2);
      expect(await b.nodes()).to.deep.equal([]);
    });

    it('forgets exactly the node that has ended', async () => {
      await a.report(report('a'), LONG_MS);
      await b.report(report('b'), LONG_MS);
      await a.forget('a');
      await a.forget('a');
      expect(await ids(b)).to.deep.equal(['b']);
    });
  });
}
