import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { NodeLoadReader } from './node-load.js';

describe('the load figures of a gateway', () => {
  describe('in its reports', () => {
    let fixture: GatewayFixture;
    beforeEach(async () => {
      fixture = new GatewayFixture();
      await fixture.directory.ensure(1, 0);
    });
    afterEach(() => fixture.close());

    it('are the counted ones, also without an operator port', async () => {
      const gateway = await fixture.start({ NODE_ID: 'a', MAX_CONNECTIONS: '50' });
      const ann = await fixture.join(gateway, 1, ANN);
      const bob = await fixture.join(gateway, 1, BOB);
      const before = Date.now();
      for (const text of ['one', 'two', 'three']) {
        ann.socket.send(text);
        await bob.message(text);
      }
      const figures = await eventually(async () => {
        const [node] = await fixture.nodes.nodes();
        if (node?.figures?.messagesOut !== 6) throw new Error('not all messages are counted');
        return node.figures;
      });
      expect(figures).to.include({
        connectionsLimit: 50,
        messagesIn: 3,
        probeMs: null,
        reconnectRequests: 0,
        drainedFrom: null,
      });
      // One in many is sampled, and the first one always.
      expect(figures.relays).to.be.within(1, 3);
      expect(figures.relayMs).to.be.within(0, Date.now() - before + 5);
      expect(figures.at).to.be.within(before, Date.now());
      expect(figures.rssBytes).to.be.above(10_000_000);
    });
  });

  describe('of the event loop', () => {
    let reader: NodeLoadReader;
    beforeEach(() => {
      const from = {
        counters: { messagesIn: 0, messagesOut: 0 },
        timings: { relays: 0, relayMs: 0 },
        probes: { lagMs: 1.5 },
        processor: { get: () => 0.25 },
      };
      reader = new NodeLoadReader(from, 20);
    });
    afterEach(() => reader.close());

    it('is the maximum since the previous call', async () => {
      await sleep(60);
      const end = performance.now() + 300;
      while (performance.now() < end);
      await sleep(60);
      expect(reader.read())
        .to.include({ probeMs: 1.5, processorShare: 0.25 })
        .and.to.have.property('eventLoopDelayMs')
        .above(200);
      expect(reader.read().eventLoopDelayMs).to.be.below(200);
    });
  });
});
