import { expect } from 'chai';
import type { Figures, GatewayNode } from '../shared/operator-client.js';
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

describe('rates of a node', () => {
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

  it('stay until there is a newer report', () => {
    const later = node({ at: 2_000, messagesIn: 150 });
    rates.look([later]);
    const known = rates.of('a');
    expect(known?.messagesIn).to.equal(50);
    rates.look([later]);
    expect(rates.of('a')).to.deep.equal(known);
  });

  it('have no delay if nothing was relayed', () => {
    rates.look([node({ at: 2_000 })]);
    expect(rates.of('a')).to.deep.equal({ messagesIn: 0, messagesOut: 0, relayMs: undefined });
  });

  it('start again with a restarted process, instead of becoming negative', () => {
    const startedAt = '2026-01-01T00:05:00.000Z';
    rates.look([node({ at: 2_000, messagesIn: 3 }, { startedAt })]);
    expect(rates.of('a')).to.equal(undefined);
    rates.look([node({ at: 3_000, messagesIn: 5 }, { startedAt })]);
    expect(rates.of('a')?.messagesIn).to.equal(2);
  });

  it('do not exist for a node of an older version, nor for one that is gone', () => {
    rates.look([node({ at: 2_000 }), node(null, { nodeId: 'older' })]);
    expect(rates.of('older')).to.equal(undefined);
    rates.look([]);
    expect(rates.of('a')).to.equal(undefined);
  });
});
