import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { NodeFigures, NodeRegistry, NodeReport } from '../node-registry.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface NodeRegistryFixture {
  /** A registry as one more process would open it; all of a fixture are the same registry. */
  open(): NodeRegistry;
  /** Returns when at least so many milliseconds have passed by the clock that reports follow. */
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
  sentAway: 3,
  drainedFrom: 8,
};

/** What every {@link NodeRegistry} has to do. */
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

    it('shows every node to all, by id', async () => {
      expect(await a.nodes()).to.deep.equal([]);
      const draining: NodeReport = { ...report('a', 5), state: 'draining' };
      await b.report(report('b', 7), LONG_MS);
      await b.report(report('B'), LONG_MS);
      await a.report(draining, LONG_MS);
      expect(await a.nodes()).to.deep.equal([report('B'), draining, report('b', 7)]);
      expect(await b.nodes()).to.deep.equal(await a.nodes());
    });

    it('shows what a node said last', async () => {
      await a.report(report('a', 1), LONG_MS);
      await a.report(report('a', 2), LONG_MS);
      expect(await b.nodes()).to.deep.equal([report('a', 2)]);
    });

    it('shows what nodes do, and those of an older version, which do not say that', async () => {
      const full: NodeReport = { ...report('full', 5), url: 'http://10.0.0.7:4000', figures: FIGURES };
      await a.report(full, LONG_MS);
      await a.report(report('older', 1), LONG_MS);
      expect(await b.nodes()).to.deep.equal([full, report('older', 1)]);
    });

    it('stops showing a node that says nothing any more', async () => {
      await a.report(report('a'), 60);
      await b.report(report('b'), LONG_MS);
      expect(await ids(b)).to.deep.equal(['a', 'b']);
      await fixture.pass(61);
      expect(await ids(b)).to.deep.equal(['b']);
      await b.report(report('b', 1), LONG_MS);
      expect(await ids(b)).to.deep.equal(['b']);
    });

    it('shows a node again that was silent for too long', async () => {
      await a.report(report('a', 1), 1);
      await fixture.pass(2);
      await a.report(report('a', 2), LONG_MS);
      expect(await b.nodes()).to.deep.equal([report('a', 2)]);
    });

    it('counts the time of a report from the latest one', async () => {
      await a.report(report('a', 1), LONG_MS);
      await a.report(report('a', 2), 1);
      await fixture.pass(2);
      expect(await b.nodes()).to.deep.equal([]);
    });

    it('forgets a node that is gone, and only that one', async () => {
      await a.report(report('a'), LONG_MS);
      await b.report(report('b'), LONG_MS);
      await a.forget('a');
      await a.forget('a');
      expect(await ids(b)).to.deep.equal(['b']);
    });
  });
}
