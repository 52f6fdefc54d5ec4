import { once } from 'node:events';
import { SUBPROTOCOL, type V1ServerFrame } from '@chorus/protocol';
import { FrameSocket, until } from '@chorus/testing';
import { expect } from 'chai';
import WebSocket from 'ws';
import type { Gateway } from '../../create-gateway.js';
import { ANN, alwaysAsked, BOB, GatewayFixture } from '../../testing/gateways.js';

/** A `chorus.v1` socket whose upgrade carries no token. */
class StrangerSocket extends FrameSocket<V1ServerFrame> {
  static async open(gateway: Gateway, path = '/ws/connect', headers = {}): Promise<StrangerSocket> {
    const socket = new StrangerSocket(
      new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, [SUBPROTOCOL], { headers }),
    );
    await once(socket.socket, 'open');
    return socket;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  of(type: string): Promise<V1ServerFrame> {
    return this.next((frame) => frame.type === type);
  }
}

describe('a socket that authenticates by its first frame', function () {
  this.timeout(20_000);
  const fixture = new GatewayFixture();
  let gateway: Gateway;
  before(async () => {
    alwaysAsked(fixture.access);
    gateway = await fixture.start({ MAX_REFUSED_PER_ADDRESS: '1000' });
    await fixture.directory.ensure(1, 0);
  });
  after(() => fixture.close());

  const authenticate = (token: string) => ({ type: 'authenticate', token });

  it('is welcomed, and then works like any other socket', async () => {
    const socket = await StrangerSocket.open(gateway, '/ws/connect', { cookie: 'theme=dark' });
    expect(socket.frames).to.deep.equal([]);
    socket.send(authenticate(fixture.tokens.sign(ANN)));
    const welcome = await socket.of('welcome');
    expect(welcome).to.deep.include({ user: ANN });
    const bob = await fixture.connectV1(gateway, BOB);
    await bob.join(1);
    socket.send({ type: 'join', roomId: 1 });
    await socket.of('room-joined');
    await bob.publish(1, 'hello', 'a');
    await socket.next((frame) => frame.type === 'message' && frame.content === 'hello');
    // A second authenticate frame is unknown, like any other unknown frame.
    socket.send(authenticate(fixture.tokens.sign(ANN)));
    expect(await socket.of('error')).to.include({ code: 'bad_frame' });
    socket.socket.close(1000);
    await socket.ended;
  });

  for (const [title, frame] of [
    ['a token that is not valid', authenticate('x')],
    ['no token', { type: 'authenticate' }],
    ['another frame first', { type: 'join', roomId: 1 }],
    ['something that is no JSON', 'hello'],
    ['a token that is too long', authenticate('x'.repeat(5_000))],
  ] as const) {
    it(`ends with 4401 for ${title}`, async () => {
      const socket = await StrangerSocket.open(gateway);
      socket.send(frame);
      expect((await socket.ended).code).to.equal(4401);
      expect(socket.frames).to.deep.equal([]);
    });
  }

  it('ends with 4401 for a token that was revoked, and with 4403 for a user who is banned', async () => {
    const revoked = fixture.tokens.sign(ANN);
    const check = fixture.tokens.verify(revoked);
    if (!check.ok) throw new Error('not a token');
    await fixture.access.revoke(check.token.tokenId, check.token.expiresAt);
    await fixture.access.ban({ userId: 66 });
    for (const [token, code] of [
      [revoked, 4401],
      [fixture.tokens.sign({ id: 66, username: 'eve' }), 4403],
    ] as const) {
      const socket = await StrangerSocket.open(gateway);
      socket.send(authenticate(token));
      expect((await socket.ended).code).to.equal(code);
    }
  });

  it('ends with 4401 if another frame arrives before the welcome', async () => {
    const socket = await StrangerSocket.open(gateway);
    const { access } = fixture;
    const check = access.check.bind(access);
    const asked = new Promise<void>((resolve) => {
      access.check = async (subjects) => {
        resolve();
        await socket.ended;
        return check(subjects);
      };
    });
    try {
      socket.send(authenticate(fixture.tokens.sign(ANN)));
      await asked;
      socket.send({ type: 'join', roomId: 1 });
      expect((await socket.ended).code).to.equal(4401);
      expect(socket.frames).to.deep.equal([]);
    } finally {
      access.check = check;
    }
  });

  it('ends with 4401 without a frame within five seconds', async () => {
    const socket = await StrangerSocket.open(gateway);
    expect((await socket.ended).code).to.equal(4401);
  });

  it('releases its slot when it closes, at any stage', async () => {
    const before = gateway.connections.taken;
    for (const frame of [undefined, authenticate(fixture.tokens.sign(ANN))]) {
      const socket = await StrangerSocket.open(gateway);
      if (frame !== undefined) socket.send(frame);
      socket.socket.terminate();
      await socket.ended;
    }
    await until(() => gateway.connections.taken <= before);
  });

  it('is refused at once with an invalid token, and on the path of a room', async () => {
    const offer = { 'sec-websocket-protocol': SUBPROTOCOL };
    for (const headers of [{ authorization: 'Bearer x' }, { cookie: 'jwt=x' }]) {
      expect((await fixture.refusal(gateway, '/ws/connect', { ...offer, ...headers })).status).to.equal(401);
    }
    expect((await fixture.refusal(gateway, '/ws/join-room/1', offer)).status).to.equal(401);
  });
});
