import { CLOSE, type ClientFrame, type ErrorCode, REFUSALS, refusalText } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../../testing/gateways.js';

describe('a chorus.v1 socket', () => {
  let fixture: GatewayFixture;
  let one: Gateway;
  let two: Gateway;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    const env = {
      PRESENCE_GRACE_MS: '0',
      ROOM_LINGER_MS: '0',
      MAX_MESSAGES_PER_SECOND: '20',
      MAX_ROOMS_PER_CONNECTION: '3',
    };
    one = await fixture.start(env);
    two = await fixture.start(env);
    for (const roomId of [1, 2, 3, 4]) await fixture.directory.ensure(roomId, 0);
  });
  afterEach(() => fixture.close());

  async function expectError(socket: V1Socket, code: ErrorCode, about: Record<string, unknown> = {}) {
    const frame = await socket.of('error');
    expect(frame).to.include({ code, retry: REFUSALS[code].retry, ...about });
    const text = code === 'bad_frame' ? refusalText(code, '') : refusalText(code);
    expect(frame.error).to.match(new RegExp(`^${text}`));
    return frame;
  }

  it('is welcomed with its connection id, its user, the expiry of its token, and its limits', async () => {
    const before = Date.now();
    const ann = await fixture.connectV1(one, ANN);
    expect(ann.socket.protocol).to.equal('chorus.v1');
    const welcome = await ann.of('welcome');
    expect(ann.frames[0]).to.equal(welcome);
    expect(welcome.user).to.deep.equal(ANN);
    // Tokens expire at whole seconds.
    expect(welcome.expiresAt).to.be.within(before + 3_599_000, Date.now() + 3_600_000);
    expect(welcome.now).to.be.within(before, Date.now());
    expect(welcome.limits).to.deep.equal({
      maxFrameBytes: 16_384,
      maxMessagesPerSecond: 20,
      maxRooms: 3,
      idleTimeoutSeconds: 60,
    });
    expect(one.connections.get(welcome.connectionId)?.user).to.deep.equal(ANN);
  });

  it('joins rooms, publishes and gets positions, beside plain sockets', async () => {
    const plain = await fixture.join(two, 1, BOB);
    const ann = await fixture.connectV1(one, ANN);
    const before = await ann.join(1);
    expect(before).to.include({ seq: 0, recovered: false });
    expect(before.stored).to.deep.equal({ epoch: 0, seq: 0 });
    const ack = await ann.publish(1, 'hello', 'a1');
    expect(ack).to.include({ roomId: 1, clientMsgId: 'a1', seq: 1, epoch: before.epoch });
    const expected = {
      seq: 1,
      epoch: before.epoch,
      type: 'message',
      content: 'hello',
      roomId: 1,
      username: 'ann',
      userId: 1,
      clientMsgId: 'a1',
    };
    expect(await plain.message('hello')).to.include(expected);
    plain.socket.send('hello yourself');
    await ann.next((frame) => frame.type === 'message' && frame.content === 'hello yourself');
    expect(ann.messages()[0]).to.include(expected);
    expect(ann.messages()[1]).to.include({ seq: 2, username: 'bob' }).and.not.have.property('clientMsgId');
  });

  it('receives the messages of many rooms, of each only while it has joined it', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const bob = await fixture.connectV1(two, BOB);
    for (const roomId of [1, 2]) {
      await ann.join(roomId);
      await bob.join(roomId);
    }
    expect(await ann.leave(1)).to.include({ roomId: 1, reason: 'left' });
    await bob.next((frame) => frame.type === 'left' && frame.roomId === 1 && frame.userId === ANN.id);
    await bob.publish(1, 'not for ann', 'b1');
    await bob.publish(2, 'for ann', 'b2');
    await ann.of('message', 2);
    expect(ann.messages().map(({ content }) => content)).to.deep.equal(['for ann']);
  });

  it('joins the room of join-room at once if it offers the subprotocol there', async () => {
    const ann = await fixture.connectV1(one, ANN, '/ws/join-room/2');
    expect(ann.socket.protocol).to.equal('chorus.v1');
    expect(await ann.publish(2, 'straight away', 'a1')).to.include({ seq: 1 });
    const types = ann.frames.map(({ type }) => type);
    expect(types.slice(0, 2)).to.deep.equal(['welcome', 'room-joined']);
    await ann.join(1);
    await ann.leave(2);
    await ann.publish(1, 'elsewhere', 'a2');
  });

  it('receives no message of a room before the answer to its join', async () => {
    const bob = await fixture.connectV1(two, BOB);
    await bob.join(1);
    let said = 0;
    const talk = setInterval(() => fixture.rooms.publish(1, `"type":"message","content":"${said++}"}`), 1);
    try {
      for (let round = 0; round < 20; round++) {
        const ann = await fixture.connectV1(one, ANN);
        const { seq } = await ann.join(1);
        await ann.of('message');
        const firstMessage = ann.frames.findIndex(({ type }) => type === 'message');
        expect(firstMessage).to.be.above(ann.frames.findIndex(({ type }) => type === 'room-joined'));
        expect(ann.messages()[0]?.seq).to.equal(seq + 1);
        ann.socket.close();
      }
    } finally {
      clearInterval(talk);
    }
  });

  it('may join a room twice: each join is answered, and messages arrive once', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const bob = await fixture.connectV1(two, BOB);
    await bob.join(1);
    await ann.join(1);
    await bob.publish(1, 'first', 'b1');
    await ann.of('message');
    expect(await ann.join(1)).to.include({ seq: 1, recovered: false });
    await bob.publish(1, 'second', 'b2');
    await ann.of('message');
    await ann.leave(1);
    expect(ann.messages().map(({ content }) => content)).to.deep.equal(['first', 'second']);
    await bob.next((frame) => frame.type === 'left');
    const notices = bob.frames.filter((frame) => 'userId' in frame && frame.userId === ANN.id);
    expect(notices.map(({ type }) => type)).to.deep.equal(['joined', 'left']);
  });

  it('is answered in order when it does not wait for answers', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const join: ClientFrame = { type: 'join', roomId: 1 };
    const leave: ClientFrame = { type: 'leave', roomId: 1 };
    // No more at a time than may wait.
    for (const frame of [join, leave, join]) ann.send(frame);
    await ann.of('room-left');
    await ann.of('room-joined');
    for (const frame of [join, leave]) ann.send(frame);
    await ann.of('room-left');
    const answers = ann.frames.map(({ type }) => type).filter((type) => type.startsWith('room-'));
    expect(answers).to.deep.equal(['room-joined', 'room-left', 'room-joined', 'room-joined', 'room-left']);
  });

  it('answers ping with pong', async () => {
    const ann = await fixture.connectV1(one, ANN);
    ann.send({ type: 'ping' });
    await ann.of('pong');
  });

  it('is notified that its room was deleted, and stays connected', async () => {
    const ann = await fixture.connectV1(one, ANN);
    await ann.join(1);
    await ann.join(2);
    await fixture.directory.remove(1);
    expect(await ann.of('room-left')).to.include({ roomId: 1, reason: 'deleted' });
    ann.send({ type: 'publish', roomId: 1, clientMsgId: 'a1', content: 'anybody?' });
    await expectError(ann, 'not_joined', { roomId: 1, clientMsgId: 'a1', request: 'publish' });
    ann.send({ type: 'join', roomId: 1 });
    await expectError(ann, 'room_not_found', { roomId: 1, request: 'join' });
    await fixture.directory.ensure(1, 0);
    await ann.join(1);
    expect(await ann.publish(1, 'a new room', 'a2')).to.include({ seq: 1 });
    expect(await ann.publish(2, 'still here', 'a3')).to.include({ seq: 1 });
  });

  it('is refused invalid frames, and stays open', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const refusals: Array<[unknown, ErrorCode, Record<string, unknown>]> = [
      ['no json', 'bad_frame', {}],
      [{ type: 'dance', roomId: 1 }, 'bad_frame', { roomId: 1 }],
      [{ type: 'join' }, 'bad_frame', { request: 'join' }],
      [{ type: 'publish', roomId: 1, clientMsgId: 'c1' }, 'bad_frame', { clientMsgId: 'c1', roomId: 1 }],
      [{ type: 'publish', roomId: 1, clientMsgId: 'c1', content: 'x' }, 'not_joined', { clientMsgId: 'c1' }],
      [{ type: 'leave', roomId: 1 }, 'not_joined', { request: 'leave', roomId: 1 }],
      [{ type: 'typing', roomId: 1 }, 'not_joined', { request: 'typing' }],
      [{ type: 'presence', roomId: 1 }, 'not_joined', { request: 'presence' }],
      [{ type: 'join', roomId: 99 }, 'room_not_found', { request: 'join', roomId: 99 }],
      [{ type: 'refresh', token: 'forged' }, 'invalid_token', { request: 'refresh' }],
    ];
    for (const [frame, code, about] of refusals) {
      ann.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      await expectError(ann, code, about);
    }
    for (const roomId of [1, 2, 3]) await ann.join(roomId);
    ann.send({ type: 'join', roomId: 4 });
    await expectError(ann, 'too_many_rooms', { roomId: 4 });
    ann.send({ type: 'publish', roomId: 1, clientMsgId: 'nul', content: 'a\0' });
    await expectError(ann, 'bad_content', { clientMsgId: 'nul' });
    await ann.leave(2);
    await ann.join(4);
  });

  it('counts rooms that are still being joined against the limit', async () => {
    const ann = await fixture.connectV1(one, ANN);
    for (const roomId of [1, 2, 3, 4]) ann.send({ type: 'join', roomId });
    await expectError(ann, 'too_many_rooms', { roomId: 4 });
    for (const roomId of [1, 2, 3]) await ann.publish(roomId, 'in', `r${roomId}`);
  });

  it('is refused frames above the rate limit, may send them again, and is closed only for a flood', async () => {
    const ann = await fixture.connectV1(one, ANN);
    await ann.join(1);
    for (let index = 1; index <= 30; index++) {
      ann.send({ type: 'publish', roomId: 1, clientMsgId: `m${index}`, content: 'fast' });
    }
    await expectError(ann, 'too_many_messages', { clientMsgId: 'm20', request: 'publish', roomId: 1 });
    await ann.next((frame) => frame.type === 'error' && frame.clientMsgId === 'm30');
    const answers = () => ann.frames.filter(({ type }) => type === 'ack' || type === 'error');
    // Refusals may arrive before acks.
    while (answers().length < 30) await ann.of('ack');
    expect(answers()).to.have.length(30);
    for (let index = 0; index < 300; index++) ann.socket.send('x');
    expect((await ann.ended).code).to.equal(CLOSE.tooManyMessages.code);
  });

  it('is refused a room from which its user is banned', async () => {
    await fixture.access.ban({ userId: ANN.id, roomId: 1 });
    const ann = await fixture.connectV1(one, ANN);
    ann.send({ type: 'join', roomId: 1 });
    await expectError(ann, 'banned', { roomId: 1, request: 'join' });
    await ann.join(2);
  });

  it('leaves only the room that it is removed from', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const { connectionId } = await ann.of('welcome');
    for (const roomId of [1, 2]) await ann.join(roomId);
    const connection = one.connections.get(connectionId);
    connection?.removeFromRoom(1, 'banned');
    expect(await ann.of('room-left')).to.include({ roomId: 1, reason: 'banned' });
    expect([...(connection?.roomIds ?? [])]).to.deep.equal([2]);
    await ann.publish(2, 'still here', 'a1');
  });

  it('gets the delay with a reconnect request', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const { connectionId } = await ann.of('welcome');
    one.connections.get(connectionId)?.requestReconnect(1_234);
    expect(await ann.of('reconnect')).to.include({ afterMs: 1_234 });
    expect((await ann.ended).code).to.equal(CLOSE.restart.code);
  });

  it("receives the operator's broadcast", async () => {
    const ann = await fixture.connectV1(one, ANN);
    const { connectionId } = await ann.of('welcome');
    one.connections.get(connectionId)?.broadcast('maintenance at noon');
    expect(await ann.of('broadcast')).to.include({ content: 'maintenance at noon', roomId: 0 });
  });

  it('stays open past the expiry of its token with a newer token of its user', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const { connectionId } = await ann.of('welcome');
    const token = fixture.tokens.sign(ANN);
    const verified = fixture.tokens.verify(token);
    if (!verified.ok) throw new Error('not a token');
    const before = Date.now();
    ann.send({ type: 'refresh', token });
    const refreshed = await ann.of('refreshed');
    expect(refreshed.expiresAt).to.equal(verified.token.expiresAt);
    expect(refreshed.now).to.be.within(before, Date.now());
    const { tokenId } = verified.token;
    expect(one.connections.get(connectionId)?.tokenId).to.equal(tokenId);
    expect(one.connections.ofToken(tokenId).map(({ id }) => id)).to.deep.equal([connectionId]);
  });

  it('cannot continue with a token that is revoked or of another user', async () => {
    const ann = await fixture.connectV1(one, ANN);
    const token = fixture.tokens.sign(ANN);
    const verified = fixture.tokens.verify(token);
    if (!verified.ok) throw new Error('not a token');
    await fixture.access.revoke(verified.token.tokenId, verified.token.expiresAt);
    for (const refused of [token, fixture.tokens.sign(BOB)]) {
      ann.send({ type: 'refresh', token: refused });
      const error = await expectError(ann, 'invalid_token', { request: 'refresh' });
      expect(JSON.stringify(error)).not.to.include(refused);
    }
  });
});
