import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { Client, newUser, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, withKey } from '../testing/keys.js';
import { bearer, OPERATOR_TOKEN } from '../testing/operator.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const sequence = (db: Database) => db.$queryRaw`SELECT chorus_sequence_events(1000)`;

describe('events of the API', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let operator: Client;

  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, users, outbox, events, event_outbox, webhooks, api_keys RESTART IDENTITY CASCADE`;
    await db.$executeRaw`UPDATE event_log SET position = 0, removed = 0`;
    const rooms = new MemoryRoomStore();
    const access = new MemoryAccessList();
    running = await startApi(
      db,
      { OPERATOR_PORT: '0', OPERATOR_TOKEN },
      {
        ...{ access, directory: new MemoryRoomDirectory(rooms), publisher: new MemoryBroker(rooms) },
        ...{ history: new MemoryRoomHistory(rooms), messagePublisher: new MemoryBroker(rooms) },
      },
    );
    await running.mirrored();
    await until(() => access.memberships.isComplete());
    operator = new Client(`http://127.0.0.1:${running.api.operatorPort}`, bearer(OPERATOR_TOKEN));
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  const signUp = async (): Promise<Client> => {
    const { id, username } = (await running.client.post('/api/users/signup', newUser())).body;
    return running.client.as({ id, username });
  };
  const put = (client: Client, path: string, fields: object): Promise<Answer> =>
    client.send('PUT', path, JSON.stringify(fields), JSON_TYPE);
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  const ok = async (answer: Promise<Answer>): Promise<any> => {
    const { status, body } = await answer;
    expect(status, JSON.stringify(body)).to.be.below(300);
    return body;
  };
  /** Changes of every kind that the API records. */
  const change = async (): Promise<void> => {
    const [ann] = [await signUp(), await signUp()];
    const taken = (await db.user.findFirst())?.username;
    const { id } = await ok(ann.post('/api/rooms', { name: 'room', kind: 'private', topic: 'x' }));
    const room = `/api/rooms/${id}`;
    await ok(put(ann, `${room}/members/2`, {}));
    await ok(put(ann, `${room}/members/2`, { role: 'moderator' }));
    await ok(put(ann, `${room}/members/2`, { role: 'moderator' }));
    await ok(put(ann, `${room}/members/2/mute`, { seconds: 60 }));
    await ok(ann.patch(room, { topic: 'y', retentionDays: 3 }));
    await ok(ann.patch(room, { topic: 'y' }));
    const { epoch, seq } = await ok(ann.post(`${room}/messages`, { content: 'hello' }));
    await ok(ann.post(`${room}/messages/${epoch}-${seq}/report`, { reason: 'spam' }));
    await ok(ann.delete(`${room}/members/2`));
    await ok(ann.delete(room));
    expect((await ann.post('/api/users/signup', newUser({ username: taken }))).status).to.be.above(399);
    expect((await ann.post('/api/rooms', { id: 7, name: '' })).status).to.equal(400);
  };

  it('are recorded once for each change, in the order of the room', async () => {
    await listenForEvents(db);
    await change();
    const events = await recordedEvents(db);
    expect(events.map(({ type, roomId, userId }) => [type, roomId, userId])).to.deep.equal([
      ['user.created', null, 1],
      ['user.created', null, 2],
      ['room.created', 1, 1],
      ['member.added', 1, 1],
      ['member.added', 1, 2],
      ['member.changed', 1, 2],
      ['member.changed', 1, 2],
      ['room.changed', 1, null],
      ['message.reported', 1, 1],
      ['member.removed', 1, 2],
      ['room.deleted', 1, null],
    ]);
    const mutedUntil = events[6]?.data?.mutedUntil;
    expect(mutedUntil).to.be.above(Date.now() - 60_000);
    expect(events.map(({ data }) => data)).to.deep.equal([
      ...[null, null, { name: 'room', kind: 'private', topic: 'x' }, { role: 'owner' }],
      ...[
        { by: 1, role: 'member' },
        { by: 1, role: 'moderator' },
        { by: 1, mutedUntil },
      ],
      ...[{ topic: 'y', retentionDays: 3 }, { reportId: 1, reason: 'spam' }, { by: 1 }, null],
    ]);
  });

  it('are not recorded while no program listens', async () => {
    await change();
    expect(await recordedEvents(db)).to.deep.equal([]);
  });

  describe('for programs and operators', () => {
    const read = (query = '') => ok(operator.get(`/events${query}`));
    const add = async (type: string, roomId: number | null, seq: number | null = null): Promise<void> => {
      await db.$executeRaw`INSERT INTO event_outbox (type, room_id, epoch, seq) VALUES (${type}, ${roomId}, 1, ${seq})`;
      await sequence(db);
    };
    const types = (page: { events: Array<{ type: string }> }) => page.events.map(({ type }) => type);

    it('show a message as it is now, and users by name', async () => {
      await signUp();
      await db.room.create({ data: { id: 1, name: 'room' } });
      await db.$executeRaw`
        INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
        VALUES (1, 1, 5, 'm', 1, 'user', 'hello', now())`;
      await db.$executeRaw`
        INSERT INTO event_outbox (type, room_id, epoch, seq, user_id) VALUES ('message.created', 1, 1, 5, 1)`;
      await sequence(db);
      const [event] = (await read()).events;
      expect(event.id).to.equal('evt_1');
      expect(event.data).to.deep.include({ roomId: 1, epoch: 1, seq: 5 });
      expect(event.data.user.id).to.equal(1);
      expect(event.data.message).to.include({ content: 'hello', seq: 5, userId: 1 });
      await db.$executeRaw`UPDATE messages SET content = '', deleted_at = now(), deleted_by = 1, deleted_by_name = 'user'`;
      const [deleted] = (await read()).events;
      expect(deleted.data.message.content).to.equal('');
      expect(deleted.data.message.deleted.by).to.deep.equal({ id: 1, username: 'user' });
      await db.$executeRaw`UPDATE rooms SET retention_days = 1`;
      await db.$executeRaw`UPDATE messages SET sent_at = now() - interval '2 days'`;
      expect((await read()).events[0].data.message).to.equal(null);
    });

    it('are read page by page, by type and by room', async () => {
      for (let n = 0; n < 5; n++)
        await add(n % 2 === 0 ? 'room.changed' : 'user.created', n % 2 === 0 ? 1 + n : null);
      const first = await read('?limit=2');
      expect([types(first), first.next]).to.deep.equal([['room.changed', 'user.created'], '2']);
      expect((await read('?after=2')).events.map(({ id }: { id: string }) => id)).to.deep.equal([
        ...['evt_3', 'evt_4', 'evt_5'],
      ]);
      expect(types(await read('?after=evt_4'))).to.deep.equal(['room.changed']);
      expect(types(await read('?types=user.created,room.deleted'))).to.have.length(2);
      expect((await read('?roomId=3')).events.map(({ id }: { id: string }) => id)).to.deep.equal(['evt_3']);
      expect(await read('?after=latest')).to.deep.equal({ events: [], next: '5' });
    });

    it('are read with API keys that have the scope, and by no user', async () => {
      const [may, mayNot] = [await newKey(db, ['events:read']), await newKey(db, ['history:read'])];
      await add('room.changed', 1);
      const page = await ok(withKey(running.client, may).get('/api/events?after=0'));
      expect(types(page)).to.deep.equal(['room.changed']);
      const refused = async (client: Client) => (await client.get('/api/events')).body.code;
      expect(await refused(withKey(running.client, mayNot))).to.equal('scope_required');
      expect(await refused(running.client)).to.equal('unauthenticated');
      expect(await refused(running.client.as({ id: 1, username: 'ann' }))).to.equal('unauthenticated');
    });

    it('are recorded while a key may read them', async () => {
      const { id } = await newKey(db, ['events:read']);
      await signUp();
      await db.apiKey.update({ where: { id }, data: { revokedAt: new Date() } });
      await signUp();
      expect((await recordedEvents(db)).map(({ type }) => type)).to.deep.equal(['user.created']);
    });

    it('tell of persons and bots whom an application creates', async () => {
      const key = withKey(running.client, await newKey(db, ['events:read', 'users:write']));
      for (const kind of ['person', 'bot']) await ok(key.post('/api/users', { username: kind, kind }));
      expect((await key.post('/api/users', { username: 'bot' })).status).to.equal(409);
      expect((await recordedEvents(db)).map(({ type, userId }) => [type, userId])).to.deep.equal([
        ['user.created', 1],
        ['user.created', 2],
      ]);
    });

    it('are waited for, by many requests at once', async () => {
      const waiting = Array.from({ length: 20 }, () => read('?after=0&wait=30'));
      const narrow = read('?after=0&wait=30&types=room.deleted');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await add('room.changed', 1);
      for (const page of await Promise.all(waiting)) expect(types(page)).to.deep.equal(['room.changed']);
      await add('room.deleted', 1);
      expect(types(await narrow)).to.deep.equal(['room.deleted']);
      expect(await read('?after=latest&wait=1')).to.deep.equal({ events: [], next: '2' });
    });

    it('end waiting when the API shuts down', async () => {
      const waiting = read('?after=latest&wait=30');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await running.close();
      expect(types(await waiting)).to.deep.equal([]);
    });

    it('are refused when they are not kept any more, and when a parameter is invalid', async () => {
      for (let n = 0; n < 3; n++) await add('room.changed', 1);
      await db.$executeRaw`UPDATE event_log SET removed = 2`;
      await db.$executeRaw`DELETE FROM events WHERE position <= 2`;
      const { status, body } = await operator.get('/events?after=1');
      expect([status, body.code]).to.deep.equal([410, 'events_expired']);
      expect(types(await read('?after=2'))).to.have.length(1);
      expect(types(await read())).to.have.length(1);
      for (const query of [
        'after=x',
        'after=-1',
        'limit=0',
        'limit=501',
        'wait=31',
        'types=x',
        'roomId=0',
        'x=1',
      ]) {
        const answer = await operator.get(`/events?${query}`);
        expect([answer.status, query], JSON.stringify(answer.body)).to.deep.equal([400, query]);
      }
    });
  });
});
