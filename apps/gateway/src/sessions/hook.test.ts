import { HOOK_SECRET, TestEndpoint } from '@chorus/hook/testing';
import { CLOSE, type Position, type V1ServerFrame } from '@chorus/protocol';
import { eventually, type PlainSocket, until, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { messageOf, removed } from '../testing/member-entries.js';

const ROOM = 1;
const HIDDEN = 2;

describe('texts that sockets send while there is a before-publish hook', function () {
  this.timeout(60_000);
  let endpoint: TestEndpoint;
  let fixture: GatewayFixture;
  let gateway: Gateway;
  let publishTo: (roomId: number, body: string) => Promise<unknown>;

  before(async () => {
    endpoint = await TestEndpoint.listen();
  });
  beforeEach(async () => {
    endpoint.reset();
    fixture = new GatewayFixture();
    const env = { ...endpoint.env, BEFORE_PUBLISH_TIMEOUT_MS: '10000', MAX_MESSAGE_LENGTH: '60' };
    gateway = await fixture.start(env, (broker) => {
      publishTo = (roomId, body) => broker.publish(roomId, body);
      return broker;
    });
    await fixture.directory.ensure(ROOM, 0);
    await fixture.directory.ensure(HIDDEN, 0, 1, 'private');
    await (await fixture.memberships.beginRestoration()).complete();
    for (const { id } of [ANN, BOB]) {
      await fixture.memberships.change([{ userId: id, roomId: HIDDEN, membership: { role: 'member' } }]);
    }
  });
  afterEach(() => fixture.close());
  after(() => endpoint.close());

  const v1 = async (member = ANN, roomId = ROOM): Promise<V1Socket> => {
    const socket = await fixture.connectV1(gateway, member);
    await socket.join(roomId);
    return socket;
  };
  /** Acks may come later than errors of frames behind them. */
  const answer = (socket: V1Socket, clientMsgId: string): Promise<string> =>
    eventually(() => {
      const found = socket.frames.find(
        (frame) =>
          'clientMsgId' in frame &&
          frame.clientMsgId === clientMsgId &&
          (frame.type === 'ack' || frame.type === 'error'),
      );
      if (found === undefined) throw new Error(`no answer to ${clientMsgId}`);
      return found.type === 'error' ? `${found.code}: ${found.error}` : found.type;
    });
  const plainError = async (socket: PlainSocket): Promise<object> =>
    socket.next(({ type }) => type === 'error');
  /** Lets requests wait until the returned function is called. */
  const hold = (action = 'pass'): (() => void) => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    endpoint.answer = async () => {
      await released;
      return { action };
    };
    return () => release();
  };
  const decide = (): void => {
    endpoint.answer = ({ content }) => {
      if (content.includes('bad')) return { action: 'refuse', reason: 'mind your words' };
      if (content.includes('long')) return { action: 'change', content: 'x'.repeat(61) };
      if (content.includes('null')) return { action: 'change', content: 'a\0b' };
      return content.includes('dear')
        ? { action: 'change', content: content.replace('dear', '****') }
        : { action: 'pass' };
    };
  };

  it('are passed, changed and refused on plain sockets, whose frames keep their fields', async () => {
    decide();
    const [ann, bob] = [await fixture.join(gateway, ROOM, ANN), await fixture.join(gateway, ROOM, BOB)];
    // What is not changed is limited as without a hook: by the size of frames.
    const ample = 'y'.repeat(61);
    for (const text of ['hi', 'oh dear', 'so bad', 'too long', 'null', ample]) ann.send(text);
    expect(await bob.messages(3)).to.deep.equal(['hi', 'oh ****', ample]);
    const errors = [await plainError(ann), await plainError(ann), await plainError(ann)];
    const common = { type: 'error', roomId: ROOM, username: '', retry: false };
    expect(errors).to.deep.equal(
      [
        'the application refused the text: mind your words',
        'a message has at most 60 characters',
        'the text holds a character that cannot be stored',
      ].map((error) => ({ ...common, content: `not sent: ${error}`, error })),
    );
    expect(endpoint.asked[0]?.about).to.deep.equal({
      roomId: ROOM,
      userId: 1,
      username: 'ann',
      content: 'hi',
    });
  });

  it('are passed, changed and refused on chorus.v1 sockets: messages, edits and appends, in order', async () => {
    decide();
    const [ann, bob] = [await v1(), await v1(BOB)];
    const contents = ['oh dear', 'so bad', 'too long', 'fine'];
    const send = (at: number, frame: object): void =>
      ann.send({ roomId: ROOM, clientMsgId: `m${at}`, ...frame } as Parameters<V1Socket['send']>[0]);
    for (const [at, content] of contents.entries()) send(at, { type: 'publish', content });
    const outcomes = ['ack', 'message_refused: the application refused the text: mind your words'];
    const expected = [...outcomes, 'message_too_long: a message has at most 60 characters', 'ack'];
    for (const [at, outcome] of expected.entries()) expect(await answer(ann, `m${at}`)).to.equal(outcome);
    const { epoch, seq }: Position = await bob.of('message', ROOM);
    const target = { epoch, seq };
    for (const [at, content] of contents.entries()) send(10 + at, { type: 'edit', target, content });
    for (const [at, outcome] of expected.entries())
      expect(await answer(ann, `m${10 + at}`)).to.equal(outcome);
    for (const [at, text] of contents.entries()) send(20 + at, { type: 'append', target, text });
    send(30, { type: 'react', target, reaction: 'bad' });
    send(31, { type: 'delete', target });
    for (const [at, outcome] of expected.entries())
      expect(await answer(ann, `m${20 + at}`)).to.equal(outcome);
    for (const id of ['m30', 'm31']) expect(await answer(ann, id)).to.equal('ack');
    await bob.next((frame) => frame.type === 'change' && frame.change === 'deleted');
    const seen = bob.frames.flatMap((frame) => {
      if (frame.type === 'message') return [frame.content];
      if (frame.type !== 'change') return [];
      if (frame.change === 'edited') return [`edited ${frame.content}`];
      return [frame.change === 'appended' ? `appended ${frame.text}` : frame.change];
    });
    expect(seen).to.deep.equal([
      ...['oh ****', 'fine', 'edited oh ****', 'edited fine'],
      ...['appended oh ****', 'appended fine', 'reacted', 'deleted'],
    ]);
    expect(endpoint.asked.map(({ type }) => type)).to.deep.equal([
      ...Array(4).fill('message.send'),
      ...Array(4).fill('message.edit'),
      ...Array(4).fill('message.append'),
    ]);
  });

  it('are not shown to the hook if they break a limit or the user may not send', async () => {
    const [ann, bob] = [await v1(), await v1(BOB)];
    const { epoch, seq } = await ann.publish(ROOM, 'of ann', 'a1');
    endpoint.reset();
    const target = { epoch, seq };
    bob.send({ type: 'edit', roomId: ROOM, clientMsgId: 'b1', target, content: 'mine' });
    expect(await answer(bob, 'b1')).to.match(/^not_author/);
    ann.send({ type: 'edit', roomId: ROOM, clientMsgId: 'a2', target, content: 'x'.repeat(61) });
    expect(await answer(ann, 'a2')).to.match(/^message_too_long/);
    ann.send({ type: 'publish', roomId: ROOM, clientMsgId: 'a3', content: 'a\0' });
    expect(await answer(ann, 'a3')).to.match(/^bad_content/);
    await fixture.memberships.change([
      { userId: BOB.id, roomId: HIDDEN, membership: { role: 'member', mutedUntil: Date.now() + 60_000 } },
    ]);
    const muted = await v1(BOB, HIDDEN);
    muted.send({ type: 'publish', roomId: HIDDEN, clientMsgId: 'b2', content: 'hi' });
    expect(await answer(muted, 'b2')).to.match(/^muted/);
    expect(endpoint.asked).to.deep.equal([]);
  });

  it('are asked about once, although the client did not get the ack and sends them again', async () => {
    const first = await v1();
    await first.publish(ROOM, 'hi', 'a1');
    const again = await v1();
    await again.publish(ROOM, 'hi', 'a1');
    expect(endpoint.contents).to.deep.equal(['hi']);
  });

  it('are published although the user left or went meanwhile, but not if the user was removed or banned', async () => {
    const [left, gone] = [await v1(), await v1()];
    const plain = await fixture.join(gateway, HIDDEN, BOB);
    const [removedSocket, watching] = [await v1(BOB, HIDDEN), await v1(ANN, HIDDEN)];
    const release = hold();
    left.send({ type: 'publish', roomId: ROOM, clientMsgId: 'l', content: 'left' });
    gone.send({ type: 'publish', roomId: ROOM, clientMsgId: 'g', content: 'gone' });
    plain.send('removed plain');
    removedSocket.send({ type: 'publish', roomId: HIDDEN, clientMsgId: 'r', content: 'removed' });
    await until('all requests', () => endpoint.asked.length === 4);
    await left.leave(ROOM);
    await gone.close();
    await fixture.memberships.change([{ userId: BOB.id, roomId: HIDDEN, membership: undefined }]);
    await publishTo(HIDDEN, removed(HIDDEN, BOB));
    expect((await plain.ended).code).to.equal(CLOSE.removed.code);
    const reader = await v1(BOB);
    const since = { epoch: (await left.join(ROOM)).epoch, seq: 0 };
    release();
    expect(await answer(removedSocket, 'r')).to.match(/^room_not_found/);
    expect(await answer(left, 'l')).to.equal('ack');
    await reader.leave(ROOM);
    await until('both messages', async () => (await reader.join(ROOM, since)).seq === 2);
    await publishTo(HIDDEN, messageOf(HIDDEN, 'last'));
    await watching.next((frame) => frame.type === 'message' && frame.content === 'last');
    const inHidden = (frame: V1ServerFrame): boolean => frame.type === 'message' && frame.roomId === HIDDEN;
    expect(watching.frames.filter(inHidden).length).to.equal(1);
  });

  it('are refused as retryable while the endpoint hangs, and other work goes on', async () => {
    const hanging = await fixture.start({ ...endpoint.env, BEFORE_PUBLISH_TIMEOUT_MS: '300' });
    const passing = await fixture.start({
      ...{ BEFORE_PUBLISH_URL: endpoint.url, BEFORE_PUBLISH_SECRET: HOOK_SECRET },
      ...{ BEFORE_PUBLISH_TIMEOUT_MS: '300', BEFORE_PUBLISH_ON_FAILURE: 'pass' },
    });
    endpoint.answer = () => undefined;
    const plain = await fixture.join(hanging, ROOM, ANN);
    const [bob, eve] = [await fixture.connectV1(hanging, BOB), await fixture.connectV1(passing, BOB)];
    for (const socket of [bob, eve]) await socket.join(ROOM);
    plain.send('hi');
    bob.send({ type: 'publish', roomId: ROOM, clientMsgId: 'b', content: 'hi' });
    bob.send({ type: 'ping' });
    await bob.of('pong');
    expect(await answer(bob, 'b')).to.equal(
      'hook_unavailable: the application could not check the text, try again',
    );
    const order = bob.frames.map(({ type }) => type).filter((type) => type === 'pong' || type === 'error');
    expect(order).to.deep.equal(['pong', 'error']);
    expect(await plainError(plain)).to.include({ retry: true });
    await eve.publish(ROOM, 'passed', 'e');
    expect((await bob.of('message', ROOM)).content).to.equal('passed');
  });
});
