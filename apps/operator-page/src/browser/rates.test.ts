import { expect } from 'chai';
import type { Figures, GatewayNode } from './operator-client.js';
import { Rates } from './rates.js';

const FIGURES: Figures = {
  at: 1_000,
  connectionsLimit: 10,
  messagesIn: 100,
  messagesOut: 1_000,
  relays: 10,
  relayMs: 50,
  probeMs: 1,
  eventLoopDelayMs: 1,
  processorShare: 0,
  rssBytes: 1,
  reconnectRequests: 0,
  drainedFrom: null,
};

const node = (figures: Partial<Figures> | null, more: Partial<GatewayNode> = {}): GatewayNode => ({
  nodeId: 'a',
  state: 'ready',
  connections: 1,
  rooms: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  figures: figures === null ? null : { ...FIGURES, ...figures },
  ...more,
});

describe('rates out of counts', () => {
  let rates: Rates;
  beforeEach(() => {
    rates = new Rates();
    rates.look([node({})]);
  });

  it('need two reports', () => {
    expect(rates.of('a')).to.equal(undefined);
    rates.look([node({ at: 3_000, messagesIn: 140, messagesOut: 1_500, relays: 20, relayMs: 80 })]);
    expect(rates.of('a')).to.deep.equal({ messagesIn: 20, messagesOut: 250, relayMs: 3 });
  });

  it('stay as they are until there is a newer report', () => {
    const later = node({ at: 2_000, messagesIn: 150 });
    rates.look([later]);
    const known = rates.of('a');
    expect(known?.messagesIn).to.equal(50);
    rates.look([later]);
    expect(rates.of('a')).to.deep.equal(known);
  });

  it('say nothing of a delay when nothing was relayed', () => {
    rates.look([node({ at: 2_000 })]);
    expect(rates.of('a')).to.deep.equal({ messagesIn: 0, messagesOut: 0, relayMs: undefined });
  });

  it('begin anew with a process that was started again, instead of going below zero', () => {
    const startedAt = '2026-01-01T00:05:00.000Z';
    rates.look([node({ at: 2_000, messagesIn: 3 }, { startedAt })]);
    expect(rates.of('a')).to.equal(undefined);
    rates.look([node({ at: 3_000, messagesIn: 5 }, { startedAt })]);
    expect(rates.of('a')?.messagesIn).to.equal(2);
  });

  it('are not there for a node of an older version, nor for one that is gone', () => {
    rates.look([node({ at: 2_000 }), node(null, { nodeId: 'older' })]);
    expect(rates.of('older')).to.equal(undefined);
    rates.look([]);
    expect(rates.of('a')).to.equal(undefined);
  });
});
