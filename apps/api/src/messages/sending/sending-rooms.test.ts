import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import { createDatabase, type Database } from '@chorus/database';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../../testing/api.js';
import { newUsers } from '../../testing/keys.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const UNKNOWN_ROOM = 4_000;

describe('sending and changing messages through an API that cannot reach PostgreSQL', function () {
  this.timeout(60_000);
  let db: Database;
  let away: Database;
  let owner: RunningApi;
  let parts: object;
  let access: MemoryAccessList;
  let [open, hidden] = [0, 0];

  before(async () => {
    ({ db } = await openDatabase());
    await newUsers(db, [ANN, BEN]);
    away = createDatabase('postgresql://user@127.0.0.1:1/none', { poolSize: 1, timeoutMs: 500 });
    const rooms = new MemoryRoomStore();
    access = new MemoryAccessList();
    const broker = new MemoryBroker(rooms);
    parts = {
      ...{ publisher: broker, messagePublisher: broker, history: new MemoryRoomHistory(rooms) },
      directory: new MemoryRoomDirectory(rooms),
    };
    owner = await startApi(db, {}, { ...parts, access });
    await owner.mirrored();
    await until(() => access.memberships.isComplete());
    const ann = owner.client.as(ANN);
    open = (await ann.post('/api/rooms', { name: 'open' })).body.id;
    hidden = (await ann.post('/api/rooms', { name: 'hidden', kind: 'private' })).body.id;
  });
  after(async () => {
    await owner.close();
    await Promise.all([db.$disconnect(), away.$disconnect()]);
  });

  const send = (as: Client, room: number, more = {}): Promise<Answer> =>
    as.post(`/api/rooms/${room}/messages`, { content: 'hi', ...more });
  async function withoutDatabase(
    act: (client: Client) => Promise<void>,
    list: MemoryAccessList = access,
  ): Promise<void> {
    const api = await startApi(away, {}, { ...parts, access: list });
    try {
      await act(api.client);
    } finally {
      await api.close();
    }
  }

  it('works in public rooms and in those of the user', async () => {
    await withoutDatabase(async (client) => {
      expect((await send(client.as(ANN), open)).body).to.include({ roomId: open });
      expect((await send(client.as(ANN), hidden)).status).to.equal(201);
      expect((await send(client.as(BEN), open)).status).to.equal(201);
    });
  });

  it('is answered in a room of others as in an unknown one', async () => {
    await withoutDatabase(async (client) => {
      const answers = [await send(client.as(BEN), hidden), await send(client.as(BEN), UNKNOWN_ROOM)];
      for (const { status, body } of answers) {
        expect([status, body.code]).to.deep.equal([404, 'room_not_found']);
      }
      expect(answers[0]?.body).to.deep.equal(answers[1]?.body);
    });
  });

  it('is refused while the memberships are not complete, but in public rooms', async () => {
    await withoutDatabase(async (client) => {
      for (const room of [hidden, UNKNOWN_ROOM]) {
        const { status, body, headers } = await send(client.as(ANN), room);
        expect([status, body.code, headers.get('retry-after')]).to.deep.equal([503, 'unavailable', '1']);
      }
      expect((await send(client.as(ANN), open)).status).to.equal(201);
    }, new MemoryAccessList());
  });

  const place = ({ body }: Answer): string => `${body.epoch}-${body.seq}`;
  const codes = (answers: readonly Answer[]): unknown[] =>
    answers.map(({ status, body }) => body.code ?? status);
  /** Makes all changes of one message: the deletion last. */
  const changeAll = async (as: Client, room: number, at: string): Promise<Answer[]> => {
    const message = `/api/rooms/${room}/messages/${at}`;
    return [
      await as.patch(message, { content: 'edited' }),
      await as.post(`${message}/append`, { text: ' more' }),
      await as.send('PUT', `${message}/reactions/like`),
      await as.delete(`${message}/reactions/like`),
      await as.delete(message),
    ];
  };

  it('changes messages that are not stored yet, by the rules of the room', async () => {
    await withoutDatabase(async (client) => {
      const [ann, ben] = [client.as(ANN), client.as(BEN)];
      const inHidden = place(await send(ann, hidden));
      const inOpen = place(await send(ann, open));
      expect(codes(await changeAll(ben, hidden, inHidden))).to.deep.equal(Array(5).fill('room_not_found'));
      expect(codes(await changeAll(ben, UNKNOWN_ROOM, inHidden))).to.deep.equal(
        Array(5).fill('room_not_found'),
      );
      expect(codes(await changeAll(ben, open, inOpen))).to.deep.equal([
        ...['not_author', 'not_author', 200, 200, 'role_required'],
      ]);
      expect(codes(await changeAll(ann, hidden, inHidden))).to.deep.equal([200, 200, 200, 200, 200]);
      expect(codes(await changeAll(ann, hidden, inHidden))).to.deep.equal(Array(5).fill('message_deleted'));
    });
  });

  it('changes nothing while the memberships are not complete, but in public rooms', async () => {
    let places: string[] = [];
    await withoutDatabase(async (client) => {
      places = [place(await send(client.as(ANN), hidden)), place(await send(client.as(ANN), open))];
    });
    await withoutDatabase(async (client) => {
      const [inHidden = '', inOpen = ''] = places;
      for (const room of [hidden, UNKNOWN_ROOM]) {
        expect(codes(await changeAll(client.as(ANN), room, inHidden))).to.deep.equal(
          Array(5).fill('unavailable'),
        );
      }
      expect(codes(await changeAll(client.as(ANN), open, inOpen))).to.deep.equal([200, 200, 200, 200, 200]);
    }, new MemoryAccessList());
  });

  it('follows roles, removals, mutes, bans and deletions at once', async () => {
    const ann = owner.client.as(ANN);
    const members = `/api/rooms/${hidden}/members/${BEN.id}`;
    await withoutDatabase(async (client) => {
      const ben = client.as(BEN);
      expect((await send(ben, open, { mentions: ['room'] })).body.code).to.equal('role_required');
      expect((await send(client.as(ANN), open, { mentions: ['room'] })).status).to.equal(201);
      await ann.send('PUT', members, '{}');
      const own = place(await send(ben, hidden));
      await ann.send('PUT', `${members}/mute`, '{"seconds":60}');
      const muted = await send(ben, hidden);
      expect([muted.status, muted.body.code]).to.deep.equal([403, 'muted']);
      expect(Number(muted.headers.get('retry-after'))).to.be.within(1, 60);
      // Muted users may take back and delete.
      expect(codes(await changeAll(ben, hidden, own))).to.deep.equal(['muted', 'muted', 'muted', 200, 200]);
      await ann.delete(members);
      expect(codes(await changeAll(ben, hidden, own))).to.deep.equal(Array(5).fill('room_not_found'));
      expect((await send(ben, hidden)).status).to.equal(404);
      await access.ban({ userId: BEN.id, roomId: open });
      expect((await send(ben, open)).body.code).to.equal('banned');
      await access.lift({ userId: BEN.id, roomId: open });
      const { id } = (await ann.post('/api/rooms', { name: 'short' })).body;
      expect((await send(ben, id)).status).to.equal(201);
      await ann.delete(`/api/rooms/${id}`);
      expect((await send(ben, id)).status).to.equal(404);
    });
  });
});
