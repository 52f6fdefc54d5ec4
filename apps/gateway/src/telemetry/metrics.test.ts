import { type Member, messageEncoder, openFrame } from '@chorus/protocol';
import { createMetrics, type Metrics } from '@chorus/service';
import type { PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { GatewayFixture } from '../testing/gateways.js';
import { readSentAt, Sampler } from './timings.js';

const MANY = 1_000;
const AT_ONCE = 50;

describe('the number of metrics', function () {
  this.timeout(60_000);
  let fixture: GatewayFixture;

  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.close());

  const series = async (metrics: Metrics): Promise<string[]> =>
    (await metrics.text())
      .split('\n')
      // Each kind of resource that Node.js waits for, such as `TCPSocketWrap`, has a series; there are few kinds.
      .filter((line) => line.startsWith('chorus_'))
      .map((line) => line.replace(/ \S+$/, ''));

  it('does not grow with rooms and users', async () => {
    const metrics = createMetrics({ service: 'gateway', version: '1', nodeId: 'one' });
    const gateway = await fixture.start({ MAX_CONNECTIONS_PER_USER: '1' }, undefined, metrics);
    const before = await series(metrics);
    const sockets: PlainSocket[] = [];
    for (let id = 1; id <= MANY; id += AT_ONCE) {
      const ids = Array.from({ length: AT_ONCE }, (_, index) => id + index);
      await Promise.all(ids.map((roomId) => fixture.directory.ensure(roomId, 0)));
      const joined = ids.map((each) => fixture.join(gateway, each, user(each)));
      sockets.push(...(await Promise.all(joined)));
    }
    for (const socket of sockets) socket.socket.send('hello');
    await Promise.all(sockets.map((socket) => socket.message('hello')));
    const refused = await fixture.refusal(gateway, '/ws/join-room/1', fixture.bearer(user(1)));
    expect(refused.status).to.equal(429);

    expect(await series(metrics)).to.deep.equal(before);
    const text = await metrics.text();
    expect(text).to.include(`\nchorus_gateway_connections{protocol="plain"} ${MANY}\n`);
    expect(text).to.include(`\nchorus_gateway_rooms ${MANY}\n`);
    expect(text).to.include(`\nchorus_gateway_messages_out_total ${MANY}\n`);
    expect(text).to.include('\nchorus_gateway_upgrades_refused_total{reason="user_limit"} 1\n');
  });
});

const user = (id: number): Member => ({ id, username: `user-${id}` });

describe('the sending time of a message', () => {
  const frame = (content: string, clientMsgId?: string): Uint8Array => {
    const message = {
      content,
      id: 'gateway-1',
      sentAt: 1_700_000_000_123,
      ...(clientMsgId && { clientMsgId }),
    };
    const text = openFrame({ epoch: 1, seq: 2 }) + messageEncoder(7, user(1))(message);
    // As they arrive: a view into a larger buffer.
    return Buffer.from(`head${text}`).subarray(4);
  };

  it('is read from the end of the frame, whatever text the sender chose', () => {
    for (const content of ['hello', '"sentAt":1', '\\"sentAt\\":1}', 'ä'.repeat(5_000), '']) {
      expect(readSentAt(frame(content)), content).to.equal(1_700_000_000_123);
      expect(readSentAt(frame(content, 'x'.repeat(64))), content).to.equal(1_700_000_000_123);
    }
  });

  it('is unknown for anything else', () => {
    for (const text of ['', '{}', '{"type":"joined"}', '{"sentAt":null}']) {
      expect(readSentAt(Buffer.from(text))).to.equal(undefined);
    }
  });
});

describe('a sample', () => {
  it('is one in 64 events at a high rate', () => {
    const sampler = new Sampler();
    let taken = 0;
    for (let index = 0; index < 6_400; index++) if (sampler.takes(index * 0.01)) taken++;
    expect(taken).to.be.within(100, 101);
  });

  it('is at least one event per second', () => {
    const sampler = new Sampler();
    const taken = [0, 10, 999, 1_000, 1_500, 5_000].filter((now) => sampler.takes(now));
    expect(taken).to.deep.equal([0, 1_000, 5_000]);
  });
});
