import { expect } from 'chai';
import type { GatewayNode } from '../shared/operator-client.js';
import { RollCall } from './roll-call.js';

const node = (nodeId: string, at: number, startedAt = '2026-01-01T00:00:00.000Z'): GatewayNode => ({
  ...{ nodeId, state: 'ready', connections: 10, rooms: 1, startedAt },
  figures: {
    ...{ at, connectionsLimit: 10, messagesIn: 0, messagesOut: 0, relays: 0, relayMs: 0, probeMs: 1 },
    ...{ eventLoopDelayMs: 1, processorShare: 0, rssBytes: 1, reconnectRequests: 0, drainedFrom: null },
  },
});

describe('the gateways that are present', () => {
  let call: RollCall;
  const seen = (nodes: GatewayNode[], now: number) => {
    const { present, gone } = call.look(nodes, now);
    return [present.map(({ nodeId }) => nodeId), gone.map(({ node, agoMs }) => [node.nodeId, agoMs])];
  };
  beforeEach(() => {
    call = new RollCall();
    expect(seen([node('a', 1), node('b', 1)], 0)).to.deep.equal([['a', 'b'], []]);
  });

  it('are all that report', () => {
    for (let second = 1; second < 20; second++) {
      expect(seen([node('a', second), node('b', second)], second * 1_000)).to.deep.equal([['a', 'b'], []]);
    }
  });

  it('exclude one whose last report gets older, although the API still shows it', () => {
    expect(seen([node('a', 4), node('b', 1)], 4_000)).to.deep.equal([['a', 'b'], []]);
    expect(seen([node('a', 5), node('b', 1)], 5_000)).to.deep.equal([['a'], [['b', 5_000]]]);
    expect(seen([node('a', 12)], 12_000)).to.deep.equal([['a'], [['b', 12_000]]]);
  });

  it('include one again that reports again, or was restarted', () => {
    seen([node('a', 6), node('b', 1)], 6_000);
    expect(seen([node('a', 7), node('b', 7)], 7_000)).to.deep.equal([['a', 'b'], []]);
    expect(seen([node('a', 8), node('b', 7, '2026-01-02T00:00:00.000Z')], 20_000)).to.deep.equal([
      ['a', 'b'],
      [],
    ]);
  });

  it('drop one that has been gone for ten minutes', () => {
    expect(seen([node('a', 600)], 600_000)[1]).to.deep.equal([['b', 600_000]]);
    expect(seen([node('a', 601)], 600_001)[1]).to.deep.equal([]);
  });
});
