import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLOSE, type Position } from '@chorus/protocol';
import {
  connectPlain,
  connectV1,
  eventually,
  type FrameOf,
  type PlainSocket,
  type V1Socket,
} from '@chorus/testing';
import { expect } from 'chai';
import { ArchiveProbe, readOn } from '../../support/archive.js';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { RedisProbe } from '../../support/servers/redis-probe.js';

const HEAL_MS = 20_000;

describe('a Redis that comes back with older data', function () {
  this.timeout(90_000);

  let cluster: TestCluster;
  let archive: ArchiveProbe;
  let ann: Person;
  let ben: Person;
  let room: number;
  let folder: string;
  let copy: string;
  let sockets: Array<V1Socket | PlainSocket>;

  before(async () => {
    const env = { ARCHIVE_INTERVAL_MS: '20' };
    cluster = await startTestCluster({ ownServers: true, gateways: 2, apis: 1, env });
    archive = new ArchiveProbe(cluster);
    ann = await createPerson(cluster.url, 'ann');
    ben = await createPerson(cluster.url, 'ben');
  });
  after(async () => {
    await archive?.close();
    await cluster?.close();
  });
  beforeEach(async () => {
    room = await createRoom(cluster.url, ann);
    copy = await mkdtemp(join(tmpdir(), 'chorus-test-'));
    sockets = [];
    const redis = await RedisProbe.open(cluster);
    folder = await redis.dataFolder();
    redis.close();
  });
  afterEach(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    await rm(copy, { recursive: true, force: true });
  });

  const gatewayUrl = (index: number): string => cluster.gateways[index]?.url ?? '';
  const connect = async (index: number, person: Person): Promise<V1Socket> => {
    const socket = await connectV1(gatewayUrl(index), person.token);
    sockets.push(socket);
    return socket;
  };
  /** Sends one message after the other until each is acknowledged, as a client does. */
  const say = async (socket: V1Socket, name: string, count: number): Promise<void> => {
    for (let n = 1; n <= count; n++) {
      const clientMsgId = `${name}-${n}`;
      await eventually(async () => {
        socket.send({ type: 'publish', roomId: room, clientMsgId, content: clientMsgId });
        const answer = await socket.next(
          (frame) => (frame.type === 'ack' || frame.type === 'error') && frame.clientMsgId === clientMsgId,
        );
        expect(answer.type).to.equal('ack');
      }, HEAL_MS);
    }
  };
  /** Joins the room as a client does: again as long as the gateway answers that it is not able to. */
  const enter = (socket: V1Socket, since: Position): Promise<FrameOf<'room-joined'>> =>
    eventually(async () => {
      socket.send({ type: 'join', roomId: room, since });
      const answer = await socket.next(({ type }) => type === 'room-joined' || type === 'error');
      expect(answer.type).to.equal('room-joined');
      return answer as FrameOf<'room-joined'>;
    }, HEAL_MS);
  const names = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => `${name}-${n + 1}`);
  const heard = ({ frames }: V1Socket | PlainSocket): string[] =>
    (frames as Array<{ type: string; content?: string }>).flatMap(({ type, content = '' }) =>
      type === 'message' ? [content] : [],
    );
  const untilHeard = (socket: V1Socket | PlainSocket, contents: string[]): Promise<unknown> =>
    eventually(async () => expect(heard(socket)).to.deep.equal(contents), HEAL_MS);
  const untilStored = (count: number): Promise<unknown> =>
    eventually(async () => expect(await archive.messages(room)).to.have.length(count), HEAL_MS);
  const history = async (): Promise<string[]> =>
    (await readOn(cluster.url, ann, room)).map(({ content }) => content);
  const snapshot = (): Promise<void> =>
    cp(join(folder, 'appendonlydir'), join(copy, 'appendonlydir'), { recursive: true });
  const bringBack = async (): Promise<void> => {
    cluster.redis.member?.kill('SIGKILL');
    await cluster.redis.member?.exited();
    await rm(join(folder, 'appendonlydir'), { recursive: true });
    await cp(join(copy, 'appendonlydir'), join(folder, 'appendonlydir'), { recursive: true });
    await cluster.redis.member?.start();
  };
  /** No gateway hears of messages from now on, until Redis is restarted. */
  const cutGateways = async (): Promise<void> => {
    const redis = await RedisProbe.open(cluster);
    await redis.cutSubscribers();
    redis.close();
  };

  /** Ten are said and stored, then a copy is taken of Redis; one leaves, the others stay and are cut off from what is said next. */
  const begin = async (): Promise<{
    sayer: V1Socket;
    stayer: V1Socket;
    plain: PlainSocket;
    since: Position;
  }> => {
    const [sayer, stayer, leaver] = [await connect(0, ann), await connect(1, ben), await connect(1, ben)];
    const plain = await connectPlain(gatewayUrl(1), room, ben.token);
    sockets.push(plain);
    for (const socket of [sayer, stayer, leaver]) await socket.join(room);
    await say(sayer, 'first', 10);
    for (const socket of [sayer, stayer, leaver, plain]) await untilHeard(socket, names('first', 10));
    await untilStored(10);
    await snapshot();
    const { epoch = 0, seq = 0 } = leaver.messages().at(-1) ?? {};
    await leaver.close();
    await cutGateways();
    return { sayer, stayer, plain, since: { epoch, seq } };
  };

  it('gets back what was stored, before anything else is said, and everybody has all of it', async () => {
    const { sayer, stayer, plain, since } = await begin();
    await say(sayer, 'second', 10);
    await untilStored(20);
    await bringBack();
    await say(sayer, 'third', 5);
    const all = [...names('first', 10), ...names('second', 10), ...names('third', 5)];
    for (const socket of [sayer, stayer, plain]) await untilHeard(socket, all);
    for (const { frames } of [sayer, stayer]) {
      expect(frames.filter(({ type }) => type === 'history-lost')).to.deep.equal([]);
    }
    expect(await history()).to.deep.equal(all);

    const back = await connect(0, ben);
    const { recovered } = await enter(back, since);
    await say(sayer, 'fourth', 1);
    await back.next((frame) => frame.type === 'message' && frame.content === 'fourth-1');
    // Whether more was lost cannot be known: it is whole, or says that it is not.
    expect(heard(back)).to.deep.equal([...(recovered ? all.slice(10) : []), 'fourth-1']);
  });

  it('tells those who stay, and those who come back, what it has lost for good', async () => {
    for (const archiver of cluster.archivers) archiver.kill('SIGSTOP');
    let begun: Awaited<ReturnType<typeof begin>>;
    try {
      for (const archiver of cluster.archivers) archiver.kill('SIGCONT');
      begun = await begin();
      for (const archiver of cluster.archivers) archiver.kill('SIGSTOP');
      await say(begun.sayer, 'second', 10);
      await bringBack();
      await say(begun.sayer, 'third', 5);
    } finally {
      for (const archiver of cluster.archivers) archiver.kill('SIGCONT');
    }
    const { sayer, stayer, plain, since } = begun;
    const left = [...names('first', 10), ...names('third', 5)];
    for (const socket of [sayer, stayer, plain]) await untilHeard(socket, left);
    const loss = {
      type: 'history-lost',
      roomId: room,
      from: since,
      to: { epoch: since.epoch, seq: since.seq + 10 },
      recoverable: false,
    };
    for (const socket of [sayer, stayer]) {
      await eventually(async () => {
        expect(socket.frames.filter(({ type }) => type === 'history-lost')).to.deep.equal([loss]);
      });
    }
    expect(await history()).to.deep.equal(left);
    const back = await connect(0, ben);
    expect((await enter(back, since)).recovered).to.equal(false);
    expect(await back.of('history-lost')).to.deep.equal(loss);
  });

  it('takes out a member whose removal it has lost, before anything that follows', async () => {
    const body = { name: 'private', kind: 'private' };
    const made = await request(`${cluster.url}/api/rooms`, { method: 'POST', body, token: ann.token });
    room = (made.body as { id: number }).id;
    const member = `${cluster.url}/api/rooms/${room}/members/${ben.id}`;
    await request(member, { method: 'PUT', body: {}, token: ann.token });
    const { sayer, stayer, plain } = await begin();
    for (const archiver of cluster.archivers) archiver.kill('SIGSTOP');
    try {
      expect((await request(member, { method: 'DELETE', token: ann.token })).status).to.equal(204);
      await bringBack();
      await say(sayer, 'second', 5);
    } finally {
      for (const archiver of cluster.archivers) archiver.kill('SIGCONT');
    }
    expect((await stayer.of('room-left', room)).reason).to.equal('removed');
    expect((await plain.ended).code).to.equal(CLOSE.removed.code);
    await untilHeard(sayer, [...names('first', 10), ...names('second', 5)]);
    for (const socket of [stayer, plain]) expect(heard(socket)).to.deep.equal(names('first', 10));
  });

  it('does not show what was said in an earlier room of the same id', async () => {
    const socket = await connect(0, ann);
    await socket.join(room);
    await say(socket, 'old', 3);
    await untilStored(3);
    await snapshot();
    const path = `${cluster.url}/api/rooms/${room}`;
    expect((await request(path, { method: 'DELETE', token: ann.token })).status).to.equal(204);
    await socket.of('room-left');
    const body = { id: room, name: 'again' };
    expect(
      (await request(`${cluster.url}/ws/create-room`, { method: 'POST', body, token: ann.token })).status,
    ).to.equal(200);
    await socket.join(room);
    await say(socket, 'new', 2);
    await untilStored(2);
    await bringBack();
    await say(socket, 'newer', 1);
    await untilHeard(socket, [...names('old', 3), ...names('new', 2), ...names('newer', 1)]);
    expect(await history()).to.deep.equal([...names('new', 2), ...names('newer', 1)]);
    const back = await connect(1, ben);
    await enter(back, { epoch: 1, seq: 0 });
    expect(heard(back)).to.deep.equal([]);
  });

  it('is not believed while PostgreSQL is away', async () => {
    const { sayer, stayer } = await begin();
    await say(sayer, 'second', 10);
    await untilStored(20);
    cluster.postgres.member?.kill('SIGSTOP');
    try {
      await bringBack();
      const answer = (await eventually(async () => {
        sayer.send({ type: 'publish', roomId: room, clientMsgId: 'third-1', content: 'third-1' });
        const frame = await sayer.next(({ type }) => type === 'ack' || type === 'error');
        expect(frame).to.include({ type: 'error', code: 'unavailable', retry: true });
        return frame;
      })) as unknown;
      expect(answer).to.not.equal(undefined);
    } finally {
      cluster.postgres.member?.kill('SIGCONT');
    }
    await say(sayer, 'third', 5);
    await untilHeard(stayer, [...names('first', 10), ...names('second', 10), ...names('third', 5)]);
  });
});
