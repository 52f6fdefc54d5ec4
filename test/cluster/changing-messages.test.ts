import { createDatabase, type Database } from '@chorus/database';
import { type ChangeFrame, type ClientFrame, formatPosition, type Position } from '@chorus/protocol';
import { createRedis, type RedisClient, redisReady } from '@chorus/redis';
import { connectV1, eventually, patiently, silentLog, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** A message of the history. */
interface Shown extends Position {
  content: string;
  editedAt?: number;
  deleted?: object;
  reactions?: object[];
  replies?: number;
}

describe('messages that change, on three gateways and two APIs', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let db: Database;
  let redis: RedisClient;
  let ann: Person;
  let bob: Person;
  let room: number;
  let sockets: V1Socket[];

  before(async () => {
    cluster = await startTestCluster({
      ownServers: true,
      gateways: 3,
      apis: 2,
      archivers: 1,
      env: { ARCHIVE_INTERVAL_MS: '20', MAX_MESSAGES_PER_SECOND: '1000' },
    });
    db = createDatabase(cluster.postgres.url, { poolSize: 2, timeoutMs: patiently(10_000) });
    redis = createRedis(
      { urls: [cluster.redis.url], cluster: false, commandTimeoutMs: 5_000 },
      silentLog,
      'test',
    );
    await redisReady(redis, patiently(5_000));
    [ann, bob] = await Promise.all([createPerson(cluster.url, 'ann'), createPerson(cluster.url, 'bob')]);
  });
  beforeEach(async () => {
    room = await createRoom(cluster.url, ann);
    sockets = await Promise.all(cluster.gateways.map((_, index) => connect(index, index === 0 ? ann : bob)));
  });
  afterEach(() => Promise.all(sockets.map((socket) => socket.close())));
  after(async () => {
    redis?.disconnect();
    await db?.$disconnect();
    await cluster?.close();
  });

  async function connect(index: number, person: Person, since?: Position): Promise<V1Socket> {
    const socket = await connectV1(cluster.gateways[index]?.url ?? '', person.token);
    await socket.join(room, since);
    return socket;
  }
  const api = (index: number): string => cluster.apis[index]?.url ?? '';
  const path = (at?: Position, more = ''): string =>
    `/api/rooms/${room}/messages${at === undefined ? '' : `/${formatPosition(at)}`}${more}`;
  /** One request to each API in turn, so that none relies on what one process remembers. */
  let turn = 0;
  const call = (method: string, person: Person, route: string, body?: object, key?: string) =>
    request(`${api(turn++ % 2)}${route}`, {
      ...{ method, body, token: person.token },
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });
  const send = async (content: string, more: object = {}): Promise<Position> => {
    const { status, body } = await call('POST', ann, path(), { content, ...more });
    expect(status).to.equal(201);
    const { epoch, seq } = body as Position;
    return { epoch, seq };
  };
  const history = async (person = bob, query = ''): Promise<Shown[]> => {
    const { status, body } = await call('GET', person, `${path()}${query}`);
    expect(status).to.equal(200);
    return (body as { messages: Shown[] }).messages;
  };
  const archived = (at: Position): Promise<void> =>
    eventually(async () => {
      const rows = await db.$queryRaw<
        Position[]
      >`SELECT epoch::float8, seq::float8 FROM room_heads WHERE room_id = ${BigInt(room)}`;
      expect(rows[0]?.seq ?? 0).to.be.at.least(at.seq);
    }, 15_000);
  const changes = (socket: V1Socket): string[] =>
    socket.frames.flatMap((frame) => (frame.type === 'change' ? [(frame as ChangeFrame).change] : []));

  it('are folded in the history, before and after they are archived', async () => {
    const first = await send('hello');
    await call('PATCH', ann, path(first), { content: 'hello all', mentions: [bob.id] });
    await call('POST', ann, path(first, '/append'), { text: '!' });
    await call('PUT', bob, path(first, `/reactions/${encodeURIComponent('👍')}`));
    await call('PUT', ann, path(first, `/reactions/${encodeURIComponent('👍')}`));
    await call('DELETE', ann, path(first, `/reactions/${encodeURIComponent('👍')}`));
    const second = await send('an answer', { replyTo: first, data: { a: 1 } });
    const check = async (): Promise<void> => {
      const [message, answer] = await history();
      expect(message).to.deep.include({
        ...{ content: 'hello all!', mentions: [bob.id], replies: 1, changed: second },
        reactions: [{ reaction: '👍', count: 1, me: true, users: [bob.id] }],
      });
      expect(message?.editedAt).to.be.a('number');
      expect(answer).to.deep.include({ content: 'an answer', replyTo: first, data: { a: 1 } });
      expect((await history(ann))[0]?.reactions).to.deep.equal([
        { reaction: '👍', count: 1, me: false, users: [bob.id] },
      ]);
    };
    await check();
    await archived(second);
    await check();
    const since = await call('GET', bob, `${path()}?changedSince=${formatPosition(first)}`);
    expect(since.body).to.deep.include({ before: null, after: null, changedSince: null });
    expect((since.body as { messages: Shown[] }).messages.map(({ content }) => content)).to.deep.equal([
      'hello all!',
    ]);
    expect(await history(bob, `?changedSince=${formatPosition(second)}`)).to.deep.equal([]);
    for (const socket of sockets) {
      await socket.next((frame) => frame.type === 'message' && frame.content === 'an answer');
      expect(changes(socket)).to.deep.equal(['edited', 'appended', 'reacted', 'reacted', 'unreacted']);
    }
  });

  it('are made once over sockets and APIs together', async () => {
    const first = await call('POST', ann, path(), { content: 'once' }, 'k1');
    const again = await call('POST', ann, path(), { content: 'once' }, 'k1');
    expect(again.body).to.deep.equal(first.body);
    const { epoch, seq } = first.body as Position;
    const target = { epoch, seq };
    const frame: ClientFrame = { type: 'append', roomId: room, clientMsgId: 'k2', target, text: '!' };
    sockets[0]?.send(frame);
    const ack = await sockets[0]?.ack('k2');
    const repeated = await call('POST', ann, path(target, '/append'), { text: '!' }, 'k2');
    expect(repeated.body).to.deep.include({ epoch: ack?.epoch, seq: ack?.seq });
    expect((await history()).map(({ content }) => content)).to.deep.equal(['once!']);
    const deleted = await call('DELETE', ann, path(target), undefined, 'k3');
    await archived(deleted.body as Position);
    expect((await call('DELETE', ann, path(target), undefined, 'k3')).body).to.deep.equal(deleted.body);
    expect((await call('DELETE', ann, path(target), undefined, 'k4')).status).to.equal(409);
    await eventually(async () => {
      sockets[0]?.send({ type: 'delete', roomId: room, clientMsgId: 'k3', target });
      expect(await sockets[0]?.ack('k3')).to.deep.include({ seq: (deleted.body as Position).seq });
    });
  });

  it('are refused to others, and moderators see reports', async () => {
    const target = await send('mine');
    const statuses = [
      await call('PATCH', bob, path(target), { content: 'yours' }),
      await call('POST', bob, path(target, '/append'), { text: 'yours' }),
      await call('DELETE', bob, path(target)),
      await call('PATCH', ann, path({ ...target, seq: 999 }), { content: 'x' }),
      await call('POST', ann, path(), { content: 'x' }, 'not a key'),
      await call('GET', bob, `/api/rooms/${room}/reports`),
    ].map(({ status, body }) => [status, (body as { code: string }).code]);
    expect(statuses).to.deep.equal([
      ...[
        [403, 'not_author'],
        [403, 'not_author'],
        [403, 'role_required'],
      ],
      ...[
        [404, 'message_not_found'],
        [400, 'invalid_field'],
        [403, 'role_required'],
      ],
    ]);
    expect((await call('POST', bob, path(target, '/report'), { reason: 'rude' })).status).to.equal(201);
    expect((await call('POST', bob, path(target, '/report'), { reason: 'very rude' })).status).to.equal(201);
    const { body } = await call('GET', ann, `/api/rooms/${room}/reports`);
    const { reports, nextCursor } = body as { reports: object[]; nextCursor: null };
    expect([reports.length, nextCursor]).to.deep.equal([1, null]);
    const reporter = { id: bob.id, username: bob.username };
    expect(reports[0]).to.deep.include({ message: target, reporter, reason: 'very rude' });
  });

  it('are refused to muted users, who may still delete', async () => {
    const { body } = await call('POST', bob, path(), { content: 'loud' });
    const { epoch, seq } = body as Position;
    const target = { epoch, seq };
    expect(
      (await call('PUT', ann, `/api/rooms/${room}/members/${bob.id}/mute`, { seconds: 60 })).status,
    ).to.equal(200);
    await sockets[1]?.next((frame) => frame.type === 'change' && frame.change === 'member-changed');
    sockets[1]?.send({ type: 'append', roomId: room, clientMsgId: 'm1', target, text: '!' });
    expect((await sockets[1]?.of('error'))?.code).to.equal('muted');
    const answer = await call('PATCH', bob, path(target), { content: 'louder' });
    expect([answer.status, (answer.body as { code: string }).code]).to.deep.equal([403, 'muted']);
    expect((await call('POST', bob, path(), { content: 'again' })).status).to.equal(403);
    expect((await call('DELETE', bob, path(target))).status).to.equal(200);
  });

  it('leave no text anywhere once deleted', async () => {
    const secret = `secret-${room}`;
    const first = await send('the beginning');
    const target = await send(`${secret} one`);
    await call('PATCH', ann, path(target), { content: `${secret} two`, data: { text: secret } });
    await call('POST', ann, path(target, '/append'), { text: ` ${secret} three` });
    const { body } = await call('DELETE', ann, path(target));
    const last = await send('the end');
    await archived(body as Position);
    const inRedis = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const key of await redis.keys('*')) {
        if ((await redis.type(key)) !== 'stream') continue;
        if (JSON.stringify(await redis.xrange(key, '-', '+')).includes(secret)) found.push(key);
      }
      return found;
    };
    const inPostgres = async (): Promise<string> => {
      const tables = ['messages', 'room_changes', 'reactions', 'mentions', 'reports', 'outbox'];
      const rows = await Promise.all(
        tables.map((table) => db.$queryRawUnsafe<object[]>(`SELECT t::text AS row FROM ${table} t`)),
      );
      return JSON.stringify(rows);
    };
    await eventually(async () => {
      expect(await inRedis()).to.deep.equal([]);
      expect(await inPostgres()).not.to.include(secret);
    });
    const returned = await connect(2, bob, first);
    await returned.next((frame) => frame.type === 'message' && frame.seq === last.seq);
    expect(JSON.stringify(returned.frames)).not.to.include(secret);
    await returned.close();
    const [, tombstone] = await history();
    expect(tombstone).to.deep.include({ content: '', epoch: target.epoch, seq: target.seq });
    expect(tombstone?.deleted).to.deep.include({ by: { id: ann.id, username: ann.username } });
  });

  it('grow by 50 appends a second, each whole and once, although gateways are killed', async () => {
    const target = await send('');
    const words = Array.from({ length: 150 }, (_, index) => `w${index} `);
    let socket = await connect(1, ann);
    const acked = new Set<number>();
    const watch = (of: V1Socket): void => {
      of.socket.on('message', (data) => {
        const frame = JSON.parse(String(data)) as { type: string; clientMsgId?: string };
        if (frame.type === 'ack') acked.add(Number(frame.clientMsgId?.slice(1)));
      });
    };
    const append = (index: number): void =>
      socket.send({
        type: 'append',
        roomId: room,
        clientMsgId: `w${index}`,
        target,
        text: words[index] ?? '',
      });
    watch(socket);
    for (let index = 0; index < words.length; index++) {
      if (index === 75) {
        cluster.gateways[1]?.kill('SIGKILL');
        await socket.ended;
        socket = await connect(2, ann);
        watch(socket);
        // What was not acknowledged is sent again, in its order.
        for (let earlier = 0; earlier < index; earlier++) if (!acked.has(earlier)) append(earlier);
      }
      append(index);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await eventually(() => expect(acked.size).to.equal(words.length));
    const [message] = await history();
    expect(message?.content).to.equal(words.join(''));
    const reader = await connect(2, bob, target);
    await eventually(() => expect(changes(reader)).to.have.length(words.length));
    await eventually(async () => {
      const [row] = await db.$queryRaw<
        Array<{ content: string }>
      >`SELECT content FROM messages WHERE room_id = ${BigInt(room)}`;
      expect(row?.content).to.equal(words.join(''));
    }, 15_000);
    await Promise.all([socket.close(), reader.close()]);
  });
});
