import { MemoryBroker, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const CAT = { id: 3, username: 'cat' };

describe('the removal of a member that is repeated because Redis was unavailable', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let running: RunningApi;
  let room: number;
  /** Whether Redis takes no entries. */
  let away: boolean;

  before(async () => {
    db = (await openDatabase()).db;
    await db.user.createMany({
      data: [ANN, BEN, CAT].map(({ id, username }) => ({
        ...{ id, username, email: `${username}@example.com`, emailKey: username, passwordHash: '' },
      })),
    });
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    away = false;
    rooms = new MemoryRoomStore();
    const broker = new MemoryBroker(rooms);
    running = await startApi(
      db,
      {},
      {
        directory: new MemoryRoomDirectory(rooms),
        publisher: {
          publish: async (...entry) => {
            if (away) throw new UnavailableError('away');
            return broker.publish(...entry);
          },
        },
      },
    );
    await running.mirrored();
    room = (await running.client.as(ANN).post('/api/rooms', { name: 'room', kind: 'private' })).body.id;
    await put(ANN);
  });
  afterEach(() => running.close());

  /** Adds BEN. */
  const put = async (by: typeof ANN): Promise<void> => {
    const path = `/api/rooms/${room}/members/${BEN.id}`;
    const put = running.client.as(by).send('PUT', path, '{}', { 'Content-Type': 'application/json' });
    expect((await put).status).to.equal(200);
  };
  const remove = (by = ANN, user = BEN): Promise<Answer> =>
    running.client.as(by).delete(`/api/rooms/${room}/members/${user.id}`);
  const statuses = async (...requests: Array<() => Promise<Answer>>): Promise<number[]> => {
    const found: number[] = [];
    for (const request of requests) found.push((await request()).status);
    return found;
  };
  /** Leaves the delivery to requests. */
  const withoutSweeps = async (): Promise<void> => {
    await db.$executeRaw`UPDATE outbox SET created_at = now() + interval '1 hour'`;
  };
  const removals = (): number =>
    (rooms.room(room)?.from({ epoch: 0, seq: 0 }, 100) ?? []).filter(({ frame }) =>
      Buffer.from(frame).includes('"change":"member-removed"'),
    ).length;

  it('fails until Redis has it, and is then answered as the first', async () => {
    away = true;
    expect(await statuses(remove, remove)).to.deep.equal([503, 503]);
    await withoutSweeps();
    away = false;
    expect(await statuses(remove)).to.deep.equal([204]);
    expect(removals()).to.equal(1);
    expect(await statuses(remove)).to.deep.equal([404]);
  });

  it('is answered likewise to a user who leaves, and to no other user who may not know of the room', async () => {
    const leave = (): Promise<Answer> => remove(BEN, BEN);
    away = true;
    expect(await statuses(leave, leave)).to.deep.equal([503, 503]);
    expect(
      await statuses(
        () => remove(CAT, BEN),
        () => remove(CAT, CAT),
      ),
    ).to.deep.equal([404, 404]);
    await withoutSweeps();
    away = false;
    expect(await statuses(leave)).to.deep.equal([204]);
    expect(removals()).to.equal(1);
    expect(await statuses(leave)).to.deep.equal([404]);
  });

  it('is answered likewise to a user who leaves a public room', async () => {
    room = (await running.client.as(ANN).post('/api/rooms', { name: 'public', kind: 'public' })).body.id;
    await put(BEN);
    const leave = (): Promise<Answer> => remove(BEN, BEN);
    away = true;
    expect(await statuses(leave, leave)).to.deep.equal([503, 503]);
    await withoutSweeps();
    away = false;
    expect(await statuses(leave, leave)).to.deep.equal([204, 403]);
  });

  it('is answered with 404 if Redis has it by then', async () => {
    away = true;
    expect(await statuses(remove)).to.deep.equal([503]);
    away = false;
    await until(async () => (await db.outboxEntry.count()) === 0);
    expect(removals()).to.equal(1);
    expect((await remove()).body.code).to.equal('member_not_found');
  });
});
