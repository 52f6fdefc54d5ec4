import type { ClientFrame, MessageFrame, V1ServerFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { eventually } from '../eventually.js';
import { fullJitter } from './backoff.js';
import type { ClientEvent, ClientEventType } from './client-event.js';
import { NotSentError, ResumingClient, type ResumingClientOptions } from './resuming-client.js';
import { type ScriptedConnection, ScriptedGateway } from './scripted-gateway.js';

const WELCOME: V1ServerFrame = {
  ...{ type: 'welcome', connectionId: 'c1', user: { id: 1, username: 'ann' }, expiresAt: null },
  limits: { maxFrameBytes: 16_384, maxMessagesPerSecond: 50, maxRooms: 100, idleTimeoutSeconds: 60 },
};
const EPOCH = 1_000;

function joined(roomId: number, seq: number, recovered = false): V1ServerFrame {
  return { type: 'room-joined', roomId, epoch: EPOCH, seq, recovered, stored: { epoch: 0, seq: 0 } };
}

function message(roomId: number, seq: number): MessageFrame {
  const sender = { username: 'bob', userId: 2 };
  return {
    ...{ type: 'message', roomId, epoch: EPOCH, seq, id: `id-${roomId}-${seq}`, content: `message ${seq}` },
    ...{ ...sender, sentAt: 0 },
  };
}

function ack(roomId: number, clientMsgId: string, seq: number): V1ServerFrame {
  return { type: 'ack', roomId, clientMsgId, epoch: EPOCH, seq };
}

function refusal(about: Partial<V1ServerFrame>, retry: boolean): V1ServerFrame {
  const code = retry ? 'unavailable' : 'banned';
  return { type: 'error', code, error: code, retry, ...about } as V1ServerFrame;
}

describe('the client that comes back', () => {
  let gateway: ScriptedGateway;
  let client: ResumingClient;
  let events: ClientEvent[];
  beforeEach(async () => {
    gateway = await ScriptedGateway.start();
    events = [];
  });
  afterEach(async () => {
    client?.close();
    await gateway.close();
  });

  const start = (options: Partial<ResumingClientOptions> = {}): void => {
    client = new ResumingClient({
      url: gateway.url,
      token: 'a-token',
      rooms: [1],
      backoff: { baseMs: 20, capMs: 40 },
      record: (event) => events.push(event),
      ...options,
    });
    client.start();
  };
  const connected = async (): Promise<ScriptedConnection> => {
    const connection = await gateway.connection();
    connection.say(WELCOME);
    return connection;
  };
  const of = <Type extends ClientEventType>(type: Type): Array<Extract<ClientEvent, { type: Type }>> =>
    events.filter((event): event is Extract<ClientEvent, { type: Type }> => event.type === type);
  const seen = (type: ClientEventType, count = 1): Promise<void> =>
    eventually(() => {
      if (of(type).length < count) throw new Error(`it saw ${JSON.stringify(events)}`);
    });
  const next = async (connection: ScriptedConnection, count: number): Promise<ClientFrame[]> => {
    const frames: ClientFrame[] = [];
    while (frames.length < count) frames.push(await connection.next());
    return frames;
  };

  it('asks for chorus.v1 with its token, and enters its rooms', async () => {
    start({ rooms: [1, 2] });
    const connection = await connected();
    expect(connection.request.url).to.equal('/ws/connect');
    expect(connection.request.headers.authorization).to.equal('Bearer a-token');
    expect(connection.socket.protocol).to.equal('chorus.v1');
    expect(await next(connection, 2)).to.deep.equal([
      { type: 'join', roomId: 1 },
      { type: 'join', roomId: 2 },
    ]);
    connection.say(joined(1, 0));
    await seen('joined');
    expect(client.whole).to.equal(false);
    connection.say(joined(2, 0));
    await seen('joined', 2);
    expect(client.whole).to.equal(true);
  });

  it('resumes every room after the last message that it saw there', async () => {
    start({ rooms: [1, 2] });
    const connection = await connected();
    connection.say(joined(1, 4), joined(2, 7), message(1, 5), message(1, 6));
    await seen('message', 2);
    connection.socket.terminate();
    const back = await connected();
    expect(await next(back, 2)).to.deep.equal([
      { type: 'join', roomId: 1, since: { epoch: EPOCH, seq: 6 } },
      { type: 'join', roomId: 2, since: { epoch: EPOCH, seq: 7 } },
    ]);
  });

  it('goes on from within a replay that was interrupted', async () => {
    start();
    (await connected()).socket.terminate();
    let connection = await connected();
    connection.say(joined(1, 4));
    await seen('joined');
    connection.socket.terminate();
    connection = await connected();
    connection.say(joined(1, 9, true), message(1, 5));
    await seen('message');
    connection.socket.terminate();
    connection = await connected();
    expect(await connection.next()).to.deep.include({ since: { epoch: EPOCH, seq: 5 } });
  });

  it('goes on from where the room stands when it was not recovered, and says so', async () => {
    start();
    (await connected()).say(joined(1, 4));
    await seen('joined');
    client.cut();
    (await connected()).say(joined(1, 90));
    await seen('joined', 2);
    expect(of('joined')[1]).to.deep.include({
      since: { epoch: EPOCH, seq: 4 },
      position: { epoch: EPOCH, seq: 90 },
      recovered: false,
    });
    expect(client.position(1)).to.deep.equal({ epoch: EPOCH, seq: 90 });
  });

  it('sends again what was not acknowledged, in order and under the same names, and nothing else', async () => {
    start();
    const connection = await connected();
    await connection.next();
    connection.say(joined(1, 0));
    await seen('joined');
    const fates = ['a', 'b', 'c'].map((content) => client.publish(1, content));
    const sent = await next(connection, 3);
    connection.say(ack(1, 'm1', 1));
    expect(await fates[0]).to.deep.equal({ epoch: EPOCH, seq: 1 });
    connection.socket.terminate();
    const back = await connected();
    await back.next();
    back.say(joined(1, 1));
    expect(await next(back, 2)).to.deep.equal(sent.slice(1));
    back.say(ack(1, 'm2', 2), ack(1, 'm3', 3));
    expect((await Promise.all(fates)).map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
    expect(of('publish').map(({ attempt }) => attempt)).to.deep.equal([1, 1, 1, 2, 2]);
    expect(client.unanswered).to.equal(0);
  });

  it('says what was said while it was away, once it is back in the room', async () => {
    start();
    const fate = client.publish(1, 'early');
    const connection = await connected();
    await connection.next();
    connection.say(joined(1, 0));
    expect(await connection.next()).to.deep.include({ type: 'publish', content: 'early' });
    connection.say(ack(1, 'm1', 1));
    await fate;
  });

  it('tries again what was refused for now, and gives up what was refused for good', async () => {
    start();
    const connection = await connected();
    await connection.next();
    connection.say(refusal({ request: 'join', roomId: 1 } as object, true));
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 1 });
    connection.say(joined(1, 0));
    await seen('joined');
    const fate = client.publish(1, 'hello');
    const failure = client.publish(1, 'bad').catch((error: unknown) => error);
    const [hello] = await next(connection, 2);
    const about = { request: 'publish', roomId: 1 };
    connection.say(refusal({ ...about, clientMsgId: 'm2' } as object, false));
    connection.say(refusal({ ...about, clientMsgId: 'm1' } as object, true));
    expect(await connection.next()).to.deep.equal(hello);
    connection.say(ack(1, 'm1', 1));
    await fate;
    expect(await failure).to.be.instanceOf(NotSentError);
  });

  it('comes back when it was told to, and not before', async () => {
    start({ backoff: { baseMs: 1, capMs: 1 } });
    const connection = await connected();
    connection.say(joined(1, 0), { type: 'reconnect', afterMs: 300 });
    await seen('reconnect-hint');
    const hintedAt = of('reconnect-hint')[0]?.at ?? 0;
    connection.socket.close(1012);
    await connected();
    expect(performance.now() - hintedAt).to.be.within(290, 2_000);
    expect(of('disconnected')).to.have.length(1);
  });

  it('waits as long as a gateway that refuses it says', async () => {
    gateway.refusals.push({ status: 503, headers: { 'retry-after': '1' } });
    start();
    await seen('refused-connection');
    await connected();
    await seen('connected');
    expect((of('connected')[0]?.at ?? 0) - (of('refused-connection')[0]?.at ?? 0)).to.be.above(990);
  });

  it('goes on after refusals that may pass', async () => {
    gateway.refusals.push({ status: 503 }, { status: 429 }, { status: 502 });
    start();
    await connected();
    expect(of('refused-connection').map(({ status }) => status)).to.deep.equal([503, 429, 502]);
  });

  for (const status of [400, 401, 403, 404]) {
    it(`gives up when it is refused with ${status}`, async () => {
      gateway.refusals.push({ status });
      start();
      await seen('gave-up');
    });
  }

  for (const code of [4401, 4403]) {
    it(`gives up when it is closed with ${code}, and fails what it had to say`, async () => {
      start();
      const failure = client.publish(1, 'hello').catch((error: unknown) => error);
      (await connected()).socket.close(code);
      await seen('gave-up');
      expect(await failure).to.be.instanceOf(NotSentError);
    });
  }

  it('gives up one room that it may not be in any more, and stays in the others', async () => {
    start({ rooms: [1, 2] });
    const connection = await connected();
    connection.say(joined(1, 0), joined(2, 0), { type: 'room-left', roomId: 1, reason: 'banned' });
    await seen('out-of-room');
    expect(client.whole).to.equal(true);
    connection.socket.terminate();
    expect(await (await connected()).next()).to.deep.include({ type: 'join', roomId: 2 });
  });

  it('makes a new connection when it abandons one, which stays open behind it', async () => {
    start();
    const old = await connected();
    old.say(joined(1, 3));
    await seen('joined');
    client.abandon();
    const connection = await connected();
    expect(await connection.next()).to.deep.include({ since: { epoch: EPOCH, seq: 3 } });
    expect(old.socket.readyState).to.equal(old.socket.OPEN);
    old.say(message(1, 4));
    connection.say(joined(1, 4, true), message(1, 4));
    await seen('message');
    expect(of('message')).to.have.length(1);
  });

  it('reads nothing while it is stalled, and everything afterwards', async () => {
    start();
    const connection = await connected();
    connection.say(joined(1, 0));
    await seen('joined');
    client.stall(true);
    connection.say(message(1, 1));
    client.stall(false);
    await seen('message');
    expect(events.map(({ type }) => type).slice(-3)).to.deep.equal(['stalled', 'reading', 'message']);
  });

  it('stays away until it is told to come back, and then resumes', async () => {
    start();
    const connection = await connected();
    connection.say(joined(1, 5));
    await seen('joined');
    client.rest();
    expect(of('disconnected')).to.have.length(1);
    client.start();
    const back = await connected();
    expect(await back.next()).to.deep.include({ since: { epoch: EPOCH, seq: 5 } });
  });
});

describe('full jitter', () => {
  it('spreads waits from nothing to a bound that doubles up to a cap', () => {
    const backoff = { baseMs: 100, capMs: 1_000 };
    const bounds = [0, 1, 2, 3, 4, 50].map((attempt) => fullJitter(attempt, backoff, () => 1));
    expect(bounds).to.deep.equal([100, 200, 400, 800, 1_000, 1_000]);
    expect(fullJitter(3, backoff, () => 0)).to.equal(0);
  });
});
