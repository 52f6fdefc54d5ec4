import type { ClientFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { ChorusError } from '../chorus-error.js';
import type { Room } from '../room/room.js';
import type { ScriptedConnection } from '../testing/scripted-gateway.js';
import { ack, EPOCH, joined, Stage } from '../testing/stage.js';
import { append, deleteMessage, edit, react, unreact } from './operations.js';
import { sendStream } from './send-stream.js';

type Sent = Extract<ClientFrame, { clientMsgId: string }>;
type Request = NonNullable<Stage['history']['request']>;

const target = { epoch: EPOCH, seq: 3 };

describe('changes of messages that an application makes', () => {
  let stage: Stage;
  let room: Room;
  let connection: ScriptedConnection;
  let requests: unknown[];
  /** Errors of the next requests over HTTP. */
  let failures: ChorusError[];
  beforeEach(async () => {
    stage = await Stage.set();
    requests = [];
    failures = [];
    const request = async (method: string, path: string, options: unknown): Promise<unknown> => {
      requests.push([method, path, options]);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return {};
    };
    stage.history.request = request as Request;
    room = stage.client().join(1);
    connection = await enter(0);
  });
  afterEach(() => stage.close());

  const enter = async (seq: number, recovered = false): Promise<ScriptedConnection> => {
    const fresh = await stage.connection();
    await fresh.next();
    fresh.say(joined(1, seq, recovered));
    return fresh;
  };
  const sent = async (): Promise<Sent> => (await connection.next()) as Sent;
  const accept = async (seq: number): Promise<object> => {
    const { clientMsgId, ...frame } = await sent();
    connection.say(ack(1, clientMsgId, seq));
    return frame;
  };
  const refuse = ({ clientMsgId }: Sent, code: 'bad_frame' | 'message_not_recent' | 'not_author'): void =>
    connection.say({ type: 'error', code, error: code, retry: false, roomId: 1, clientMsgId });
  const failureOf = (change: Promise<unknown>): Promise<ChorusError> =>
    change.then(
      () => Promise.reject(new Error('it succeeded')),
      (error: ChorusError) => error,
    );

  it('are sent in the order of the calls with messages, one at a time, and are not deliveries', async () => {
    const all = [
      edit(room, { ...target, more: 1 } as typeof target, 'new', { mentions: [2] }),
      room.send('hello', { replyTo: target, data: { a: 1 } }),
      append(room, target, '!'),
      react(room, target, '👍'),
      unreact(room, target, '👍'),
      deleteMessage(room, target),
    ];
    expect(room.deliveries.map(({ content }) => content)).to.deep.equal(['hello']);
    const frames = [];
    for (let seq = 4; seq < 10; seq++) frames.push(await accept(seq));
    await Promise.all(all);
    const about = { roomId: 1, target };
    expect(frames).to.deep.equal([
      { ...about, type: 'edit', content: 'new', mentions: [2] },
      { roomId: 1, type: 'publish', content: 'hello', replyTo: target, data: { a: 1 } },
      { ...about, type: 'append', text: '!' },
      { ...about, type: 'react', reaction: '👍' },
      { ...about, type: 'unreact', reaction: '👍' },
      { ...about, type: 'delete' },
    ]);
    expect(room.deliveries.map(({ state }) => state)).to.deep.equal(['sent']);
  });

  it('are sent again with the same id after a reconnect, unless they are seen in the room', async () => {
    const edited = edit(room, target, 'new');
    const appended = append(room, target, '!');
    const { clientMsgId } = await sent();
    connection.socket.terminate();
    connection = await enter(4, true);
    connection.say({
      ...{ type: 'change', change: 'edited', epoch: EPOCH, seq: 4, target, content: 'new', roomId: 1 },
      ...{ userId: 1, username: 'ann', id: 'c', sentAt: 0, clientMsgId },
    });
    await edited;
    const again = await sent();
    expect(again).to.deep.include({ type: 'append' });
    connection.socket.terminate();
    connection = await enter(4, true);
    expect(await sent()).to.deep.equal(again);
    connection.say(ack(1, again.clientMsgId, 5));
    await appended;
  });

  it('fail after a final refusal, and do not block later ones', async () => {
    const failing = failureOf(edit(room, target, 'new'));
    const later = react(room, target, 'x');
    refuse(await sent(), 'not_author');
    expect(await failing).to.include({ code: 'not_author', retry: false });
    await accept(4);
    await later;
    expect(room.deliveries).to.deep.equal([]);
  });

  it('go over HTTP, with the same id, when the message is no longer recent; later ones wait', async () => {
    const changes: Array<[Promise<void>, ...unknown[]]> = [
      [edit(room, target, 'new', { data: {} }), 'PATCH', '', { content: 'new', data: {} }],
      [append(room, target, '!'), 'POST', '/append', { text: '!' }],
      [react(room, target, 'a/b'), 'PUT', '/reactions/a%2Fb', undefined],
      [unreact(room, target, 'x'), 'DELETE', '/reactions/x', undefined],
      [deleteMessage(room, target), 'DELETE', '', undefined],
    ];
    for (const [change, method, path, body] of changes) {
      const frame = await sent();
      refuse(frame, 'message_not_recent');
      await change;
      const [[how, where, options]] = requests.splice(0) as [[string, string, Record<string, unknown>]];
      expect([how, where]).to.deep.equal([method, `/api/rooms/1/messages/${EPOCH}-3${path}`]);
      expect(options.idempotencyKey).to.equal(frame.clientMsgId);
      expect(JSON.parse(JSON.stringify(options.body ?? null))).to.deep.equal(body ?? null);
    }
  });

  it('go over HTTP through an API that is an object of a class', async () => {
    const { history } = stage;
    history.request = async function (this: unknown, ...request: unknown[]): Promise<unknown> {
      requests.push(this === history, ...request);
      return {};
    } as Request;
    const edited = edit(room, target, 'new');
    refuse(await sent(), 'message_not_recent');
    await edited;
    expect(requests.slice(0, 2)).to.deep.equal([true, 'PATCH']);
  });

  it('are tried again after a temporary failure over HTTP', async () => {
    failures.push(new ChorusError('network', 'no answer', true));
    const edited = edit(room, target, 'new');
    const first = await sent();
    refuse(first, 'message_not_recent');
    const second = await sent();
    expect(second).to.deep.equal(first);
    refuse(second, 'message_not_recent');
    await edited;
    expect(requests).to.have.length(2);
  });

  it('fail when the request throws, and do not block later ones', async () => {
    const bug = new TypeError('x is not a function');
    stage.history.request = () => Promise.reject(bug);
    const failing = failureOf(edit(room, target, 'new'));
    const later = react(room, target, 'x');
    refuse(await sent(), 'message_not_recent');
    expect(await failing).to.include({ code: 'exception', retry: false, cause: bug });
    await accept(4);
    await later;
  });

  it('go over HTTP when the gateway is too old, and fail clearly when the API is too', async () => {
    const edited = edit(room, target, 'new');
    refuse(await sent(), 'bad_frame');
    await edited;
    failures.push(new ChorusError('route_not_found', 'no such route', false));
    const failing = failureOf(edit(room, target, 'new'));
    refuse(await sent(), 'bad_frame');
    expect(await failing).to.include({ code: 'unsupported', retry: false });
    expect((await failing).message).to.equal('edit is not supported yet');
  });

  it('make one growing message of a text that is being written', async () => {
    async function* pieces(): AsyncGenerator<string> {
      yield* ['', 'one', ' two', ' three \ud83d'];
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield '\udc4d';
    }
    const whole = sendStream(room, pieces());
    const first = await sent();
    expect(first).to.include({ type: 'publish', content: 'one' });
    connection.say(ack(1, first.clientMsgId, 4));
    expect(await accept(5)).to.deep.include({
      type: 'append',
      text: ' two three ',
      target: { ...target, seq: 4 },
    });
    expect(await accept(6)).to.include({ type: 'append', text: '👍' });
    expect((await whole).position.seq).to.equal(4);
  });

  it('end a growing message with the error of a piece, or of the text', async () => {
    const failing = failureOf(sendStream(room, ['a', 'b', 'c']));
    refuse(await sent(), 'not_author');
    expect(await failing).to.include({ code: 'not_author' });
    expect(await failureOf(sendStream(room, []))).to.include({ code: 'bad_request' });
  });
});
