import { formatPosition, serverFrameSchema } from '@chorus/protocol';
import { connectPlain, connectV1, UpgradeRefused, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person } from '../../support/clients/people.js';
import type { Target } from '../target.js';

/** The contract of `chorus.v1` clients, with plain sockets in their rooms. */
export function describeV1Sockets(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  let room: number;
  let anns: V1Socket;
  let bobs: V1Socket;

  beforeEach(async () => {
    const { url } = target();
    [ann, bob] = await Promise.all([createPerson(url, 'ann'), createPerson(url, 'bob')]);
    room = await createRoom(url, ann);
    anns = await connectV1(url, ann.token);
    bobs = await connectV1(url, bob.token);
  });
  afterEach(async () => {
    await Promise.all([anns.close(), bobs.close()]);
    for (const frame of [...anns.frames, ...bobs.frames]) {
      expect(serverFrameSchema.safeParse(frame).error?.message, JSON.stringify(frame)).to.equal(undefined);
    }
  });

  it('joins, publishes, is acked, and everybody receives the same frame', async () => {
    const plain = await connectPlain(target().url, room, bob.token);
    await bobs.join(room);
    const { epoch, seq } = await anns.join(room);
    anns.send({ type: 'publish', roomId: room, clientMsgId: 'm-1', content: 'hello' });
    const ack = await anns.of('ack');
    expect(ack).to.include({ roomId: room, clientMsgId: 'm-1', epoch, seq: seq + 1 });
    const message = await bobs.of('message');
    expect(message).to.include({ content: 'hello', clientMsgId: 'm-1', epoch, seq: seq + 1, userId: ann.id });
    expect(await plain.message('hello')).to.deep.equal(message);
    plain.send('from the plain socket');
    const reply = await bobs.of('message');
    expect(reply)
      .to.include({ content: 'from the plain socket', seq: seq + 2 })
      .and.not.have.property('clientMsgId');
    await plain.close();
  });

  it('that sends a message again gets the first position, and the message is delivered once', async () => {
    await bobs.join(room);
    await anns.join(room);
    const send = () => anns.send({ type: 'publish', roomId: room, clientMsgId: 'again', content: 'once' });
    send();
    const first = await anns.of('ack');
    send();
    expect(await anns.of('ack')).to.deep.equal(first);
    anns.send({ type: 'publish', roomId: room, clientMsgId: 'other', content: 'then' });
    await bobs.next((frame) => frame.type === 'message' && frame.content === 'then');
    expect(bobs.messages(room).map(({ content }) => content)).to.deep.equal(['once', 'then']);
  });

  it('that comes back with its position gets what it missed, and then what is said', async () => {
    await bobs.join(room);
    const { epoch, seq } = await anns.join(room);
    for (const content of ['one', 'two', 'three']) {
      bobs.send({ type: 'publish', roomId: room, clientMsgId: content, content });
      await bobs.of('ack');
    }
    const back = await connectV1(target().url, ann.token);
    // An ack can be ahead of the delivery on another gateway: the last messages then follow live.
    expect(await back.join(room, { epoch, seq: seq + 1 })).to.include({ recovered: true, epoch });
    const plain = await connectPlain(target().url, room, ann.token, {
      query: { since: formatPosition({ epoch, seq: seq + 1 }) },
    });
    bobs.send({ type: 'publish', roomId: room, clientMsgId: 'four', content: 'four' });
    await back.next((frame) => frame.type === 'message' && frame.content === 'four');
    await plain.message('four');
    expect(back.messages(room).map(({ content }) => content)).to.deep.equal(['two', 'three', 'four']);
    expect(plain.frames[0]).to.include({ type: 'recovery', recovered: true });
    expect(plain.frames.filter(({ type }) => type === 'message')).to.deep.equal(back.messages(room));
    // A socket is sent what it missed in a room once a second.
    const other = await connectV1(target().url, ann.token);
    expect(await other.join(room, { epoch: epoch - 1, seq })).to.include({ recovered: false });
    await Promise.all([back.close(), other.close(), plain.close()]);
  });

  it('is told when what it said is in the database', async () => {
    await anns.join(room);
    anns.send({ type: 'publish', roomId: room, clientMsgId: 'keep', content: 'keep this' });
    const { epoch, seq } = await anns.of('ack');
    expect(await anns.of('stored', undefined, 15_000)).to.deep.equal({
      type: 'stored',
      roomId: room,
      epoch,
      seq,
    });
  });

  it('is told who is there and who is typing', async () => {
    await bobs.join(room);
    await anns.join(room);
    await bobs.next((frame) => frame.type === 'joined' && frame.userId === ann.id);
    anns.send({ type: 'presence', roomId: room });
    const { members, next } = await anns.of('presence');
    expect(next).to.equal(null);
    expect(members).to.have.deep.members([ann, bob].map(({ id, username }) => ({ id, username })));
    anns.send({ type: 'typing', roomId: room });
    expect(await bobs.of('typing')).to.include({ roomId: room, userId: ann.id, username: ann.username });
  });

  it('is refused what is wrong, with a code, and goes on', async () => {
    anns.send({ type: 'publish', roomId: room, clientMsgId: 'm', content: 'too early' });
    expect(await anns.of('error')).to.include({ code: 'not_joined', clientMsgId: 'm', retry: false });
    anns.socket.send('not json');
    expect(await anns.of('error')).to.include({ code: 'bad_frame', retry: false });
    anns.send({ type: 'join', roomId: 999_999_999 });
    expect(await anns.of('error')).to.include({ code: 'room_not_found' });
    await anns.join(room);
  });

  it('joins the room of join-room at once', async () => {
    const socket = await connectV1(target().url, ann.token, `/ws/join-room/${room}`);
    expect((await socket.of('welcome')).user).to.deep.equal({ id: ann.id, username: ann.username });
    expect(await socket.of('room-joined')).to.include({ roomId: room, recovered: false });
    await socket.close();
  });

  it('needs a token', async () => {
    const refusal = await connectV1(target().url, 'not one').catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(UpgradeRefused).and.include({ status: 401 });
    const stranger = await connectV1(target().url, undefined);
    stranger.send({ type: 'join', roomId: room });
    expect((await stranger.ended).code).to.equal(4401);
    expect(stranger.frames).to.deep.equal([]);
  });

  it('may send it as its first frame', async () => {
    const socket = await connectV1(target().url, undefined);
    socket.socket.send(JSON.stringify({ type: 'authenticate', token: ann.token }));
    expect((await socket.of('welcome')).user).to.deep.equal({ id: ann.id, username: ann.username });
    await socket.join(room);
    await socket.close();
  });
}
