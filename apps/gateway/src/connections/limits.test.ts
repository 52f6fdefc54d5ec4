import { once } from 'node:events';
import net from 'node:net';
import type { Member } from '@chorus/protocol';
import type { PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture, type RequestHeaders } from '../testing/gateways.js';

const ROOM = '/ws/join-room/1';
const CAT: Member = { id: 3, username: 'cat' };

describe('limits on connections', () => {
  let fixture: GatewayFixture;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    await fixture.directory.ensure(1, 0);
  });
  afterEach(() => fixture.close());

  const from = (address: string, member: Member) => ({
    ...fixture.bearer(member),
    'x-forwarded-for': address,
  });

  async function open(gateway: Gateway, headers: RequestHeaders): Promise<PlainSocket> {
    const socket = fixture.connect(gateway, ROOM, headers);
    await once(socket.socket, 'open');
    return socket;
  }

  async function expectRefusal(gateway: Gateway, headers: RequestHeaders, status: number, why: RegExp) {
    const answer = await fixture.refusal(gateway, ROOM, headers);
    expect([answer.status, Object.keys(answer.body)]).to.deep.equal([status, ['error']]);
    expect(answer.body.error).to.match(why);
    expect(Number(answer.headers['retry-after'])).to.be.above(0);
  }

  async function leave(gateway: Gateway, socket: PlainSocket): Promise<void> {
    const before = gateway.connections.taken;
    socket.socket.close();
    await socket.ended;
    while (gateway.connections.taken === before) await new Promise(setImmediate);
  }

  it('refuse with 429 an address with too many sockets, and no other address', async () => {
    const gateway = await fixture.start({ MAX_CONNECTIONS_PER_ADDRESS: '2', TRUST_PROXY: '1' });
    const first = await open(gateway, from('192.0.2.1', ANN));
    await open(gateway, from('192.0.2.1', BOB));
    await expectRefusal(gateway, from('192.0.2.1', CAT), 429, /this address/);
    // The part that a client writes precedes the part that the proxy adds.
    await expectRefusal(gateway, from('192.0.2.9, 192.0.2.1', CAT), 429, /this address/);
    await open(gateway, from('192.0.2.2', CAT));
    await leave(gateway, first);
    await open(gateway, from('192.0.2.1', CAT));
  });

  it('count every X-Forwarded-For header of a request, with ports and brackets', async () => {
    const gateway = await fixture.start({ MAX_CONNECTIONS_PER_ADDRESS: '2', TRUST_PROXY: '1' });
    await open(gateway, from('192.0.2.1:5071', ANN));
    await open(gateway, from('[::ffff:192.0.2.1]:443', BOB));
    await open(gateway, from('192.0.2.2:5071', BOB));
    // The client invented the first line, its proxy wrote the second.
    const lines = (...values: string[]) => ({ ...fixture.bearer(CAT), 'x-forwarded-for': values });
    await expectRefusal(gateway, lines('192.0.2.9', '192.0.2.1:80'), 429, /this address/);
    await expectRefusal(gateway, lines('192.0.2.9', '192.0.2.8, 192.0.2.1'), 429, /this address/);
    await open(gateway, lines('192.0.2.1', '192.0.2.9'));
  });

  it('refuse with 429 a user with too many sockets, and no other user', async () => {
    const gateway = await fixture.start({ MAX_CONNECTIONS_PER_USER: '2' });
    const first = await open(gateway, fixture.bearer(ANN));
    await open(gateway, fixture.bearer(ANN));
    await expectRefusal(gateway, fixture.bearer(ANN), 429, /this user/);
    await open(gateway, fixture.bearer(BOB));
    await leave(gateway, first);
    await open(gateway, fixture.bearer(ANN));
  });

  it('refuse with 503 on a full node, until a socket closes', async () => {
    const gateway = await fixture.start({ MAX_CONNECTIONS: '2' });
    const first = await open(gateway, fixture.bearer(ANN));
    const second = await open(gateway, fixture.bearer(BOB));
    await expectRefusal(gateway, fixture.bearer(CAT), 503, /no room/);
    await leave(gateway, first);
    await open(gateway, fixture.bearer(CAT));
    second.socket.send('still here');
    await second.message('still here');
  });

  it("refuse with 503 users who connect faster than the node's limit", async () => {
    const gateway = await fixture.start({ MAX_CONNECTS_PER_SECOND: '5' });
    const started = performance.now();
    const first = await open(gateway, fixture.bearer(ANN));
    const users = Array.from({ length: 20 }, (_, index) => ({ id: index + 10, username: `user-${index}` }));
    const missing = '/ws/join-room/99';
    const statuses = await Promise.all(
      users.map(async (user) => (await fixture.refusal(gateway, missing, fixture.bearer(user))).status),
    );
    const earned = Math.ceil(((performance.now() - started) / 1_000) * 5);
    expect(statuses.filter((status) => status === 404).length).to.be.within(4, 4 + earned);
    expect(statuses.every((status) => status === 404 || status === 503)).to.equal(true);
    first.socket.send('unaffected');
    await first.message('unaffected');
  });

  it('count only requests with a valid token against the connects per second', async () => {
    const gateway = await fixture.start({ MAX_CONNECTS_PER_SECOND: '1' });
    for (let count = 0; count < 20; count++) {
      const headers = count % 2 === 0 ? {} : { authorization: 'Bearer made-up' };
      expect((await fixture.refusal(gateway, ROOM, headers)).status).to.equal(401);
    }
    await open(gateway, fixture.bearer(ANN));
  });

  it('refuse with 429 an address that keeps sending invalid tokens, and no other address', async () => {
    const gateway = await fixture.start({ MAX_REFUSED_PER_ADDRESS: '3', TRUST_PROXY: '1' });
    const bad = (address: string) => ({ authorization: 'Bearer made-up', 'x-forwarded-for': address });
    for (let count = 0; count < 3; count++) {
      expect((await fixture.refusal(gateway, ROOM, bad(`2001:db8::${count}`))).status).to.equal(401);
    }
    await expectRefusal(gateway, bad('2001:db8::9'), 429, /invalid tokens/);
    await expectRefusal(gateway, from('2001:db8::9', ANN), 429, /invalid tokens/);
    expect((await fixture.refusal(gateway, ROOM, { 'x-forwarded-for': '2001:db8::9' })).status).to.equal(401);
    await open(gateway, from('2001:db8:0:1::9', ANN));
  });

  it('refuse with 429 a user who connects too often, and no other user', async () => {
    const gateway = await fixture.start({ MAX_CONNECTIONS_PER_USER: '5' });
    const missing = '/ws/join-room/99';
    const started = performance.now();
    let accepted = 0;
    let refused: Awaited<ReturnType<GatewayFixture['refusal']>> | undefined;
    while (refused === undefined) {
      // At once, so that they come faster than the limit on a slow machine, too.
      const answers = await Promise.all(
        [1, 2, 3, 4].map(() => fixture.refusal(gateway, missing, fixture.bearer(ANN))),
      );
      accepted += answers.filter(({ status }) => status === 404).length;
      refused = answers.find(({ status }) => status !== 404);
    }
    expect(accepted).to.be.within(40, 40 + Math.ceil(((performance.now() - started) / 1_000) * 20));
    expect(refused.status).to.equal(429);
    expect(refused.body.error).to.match(/too often/);
    await open(gateway, fixture.bearer(BOB));
  });

  it('count each upgrade once, and release it however it ends', async () => {
    const gateway = await fixture.start({ ALLOWED_ORIGINS: 'https://chat.example.org' });
    const { connections } = gateway;
    for (const [path, headers] of [
      [ROOM, {}],
      ['/ws/join-room/99', fixture.bearer(ANN)],
      ['/ws/join-room/abc', fixture.bearer(ANN)],
      [`${ROOM}?userId=2`, fixture.bearer(ANN)],
      [ROOM, { ...fixture.bearer(ANN), origin: 'https://evil.example.org' }],
      ['/ws/nowhere', fixture.bearer(ANN)],
    ] as const) {
      await fixture.refusal(gateway, path, headers);
      expect(connections.taken, path).to.equal(0);
    }
    await open(gateway, fixture.bearer(ANN)).then((socket) => leave(gateway, socket));
    expect([connections.taken, connections.countOf(ANN.id)]).to.deep.equal([0, 0]);
  });

  it('release an upgrade whose client disconnects before the answer', async () => {
    let asked: () => void = () => undefined;
    let answer: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const gateway = await fixture.start({}, (broker) => {
      const subscribe = broker.subscribe.bind(broker);
      broker.subscribe = async (roomId) => {
        asked();
        await mayAnswer;
        await subscribe(roomId);
      };
      return broker;
    });
    const client = net.connect(gateway.port, '127.0.0.1');
    client.write(
      `GET ${ROOM} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Authorization: ${fixture.bearer(ANN).authorization}\r\n\r\n`,
    );
    await wasAsked;
    expect([gateway.connections.taken, gateway.connections.countOf(ANN.id)]).to.deep.equal([1, 1]);
    client.resetAndDestroy();
    await once(client, 'close');
    // When this request is answered, the gateway has processed the reset, too.
    await fetch(`http://127.0.0.1:${gateway.port}/livez`);
    answer();
    while (gateway.connections.taken > 0) await new Promise(setImmediate);
    expect([gateway.connections.countOf(ANN.id), gateway.connections.size]).to.deep.equal([0, 0]);
  });
});
