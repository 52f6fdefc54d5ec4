import { type ControlEvent, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { IGNORE } from '@chorus/broker/testing';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ann = { id: 1, username: 'ann' };

/** A directory whose Redis can fail at any one step. */
class FlakyDirectory extends MemoryRoomDirectory {
  failBefore: 'ensure' | 'remove' | 'announce' | undefined;
  failAfter: 'ensure' | undefined;
  readonly announced: Array<[roomId: number, userIds: readonly number[]]> = [];

  override async ensure(roomId: number, seq: number): Promise<boolean> {
    this.#fail(this.failBefore, 'ensure');
    const created = await super.ensure(roomId, seq);
    this.#fail(this.failAfter, 'ensure');
    return created;
  }

  override async remove(roomId: number): Promise<void> {
    this.#fail(this.failBefore, 'remove');
    await super.remove(roomId);
  }

  override async announceMembers(roomId: number, userIds: readonly number[]): Promise<void> {
    this.announced.push([roomId, userIds]);
    await super.announceMembers(roomId, userIds);
  }

  override async announce(event: ControlEvent): Promise<void> {
    this.#fail(this.failBefore, 'announce');
    await super.announce(event);
  }

  #fail(when: string | undefined, step: string): void {
    if (when === step) throw new UnavailableError('away');
  }
}

describe('changes of rooms, as gateways receive them', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let directory: FlakyDirectory;
  let events: ControlEvent[];
  /** Only events about the list of rooms. */
  let listings: ControlEvent[];
  /** Members of new rooms. */
  let announced: Array<[roomId: number, userIds: readonly number[]]>;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`;
    rooms = new MemoryRoomStore();
    directory = new FlakyDirectory(rooms);
    events = [];
    listings = [];
    announced = directory.announced;
    rooms.channels.attach({
      ...IGNORE,
      onControl: (event) => void (/^room-(un)?listed$/.test(event.type) ? listings : events).push(event),
    });
    running = await startApi(db, {}, { directory });
    await running.mirrored();
    client = running.client.as(ann);
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  const positionOf = (id: number) => rooms.room(id)?.at;

  it('a room is known to gateways when the response arrives', async () => {
    for (const path of ['/ws/create-room', '/api/rooms']) {
      const { body } = await client.post(path, { name: 'x' });
      expect(positionOf(body.id)).to.include({ seq: 0 });
    }
  });

  it('a deleted room is unknown to gateways, and they receive an event', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    expect((await client.delete('/api/rooms/5')).status).to.equal(204);
    expect(positionOf(5)).to.equal(undefined);
    expect(events).to.deep.equal([{ type: 'room-deleted', roomId: 5 }]);
  });

  it('gateways receive a new name', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    await client.patch('/api/rooms/5', { name: 'y' });
    await until(() => events.length > 0);
    expect(events).to.deep.equal([{ type: 'room-renamed', roomId: 5, name: 'y' }]);
  });

  it('gateways receive the members of new rooms', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    await client.post('/api/rooms', { id: 6, name: 'y', kind: 'private' });
    expect(announced).to.deep.equal([
      [5, [1]],
      [6, [1]],
    ]);
  });

  it('the list of rooms gains new and renamed rooms, and loses deleted ones', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    await client.post('/ws/create-room', { id: 6, name: 'y' });
    await client.patch('/api/rooms/5', { name: 'z' });
    await client.delete('/api/rooms/5');
    expect(listings).to.deep.equal([
      { type: 'room-listed', room: { id: 5, name: 'x', createdBy: 1 } },
      { type: 'room-listed', room: { id: 6, name: 'y', createdBy: 1 } },
      { type: 'room-listed', room: { id: 5, name: 'z', createdBy: 1 } },
      { type: 'room-unlisted', roomId: 5 },
    ]);
  });

  it('a room is created and deleted although changes of the list cannot be announced', async () => {
    directory.failBefore = 'announce';
    expect((await client.post('/api/rooms', { id: 5, name: 'x' })).status).to.equal(201);
    expect((await client.delete('/api/rooms/5')).status).to.equal(204);
  });

  it('a room that gateways cannot be notified of is not created, and its id can be used again', async () => {
    directory.failBefore = 'ensure';
    const answer = await client.post('/ws/create-room', { id: 5, name: 'x' });
    expect([answer.status, answer.body]).to.deep.equal([
      503,
      { error: 'temporarily unavailable, try again' },
    ]);
    expect((await client.get('/api/rooms/5')).status).to.equal(404);
    directory.failBefore = undefined;
    expect((await client.post('/ws/create-room', { id: 5, name: 'x' })).status).to.equal(200);
    expect(positionOf(5)).to.include({ seq: 0 });
  });

  it('a room whose notification may or may not have arrived can be created again, too', async () => {
    directory.failAfter = 'ensure';
    expect((await client.post('/ws/create-room', { id: 5, name: 'x' })).status).to.equal(503);
    expect(positionOf(5)).to.include({ seq: 0 });
    directory.failAfter = undefined;
    expect((await client.post('/ws/create-room', { id: 5, name: 'x' })).status).to.equal(200);
    expect(positionOf(5)).to.include({ seq: 0 });
  });

  it('a deletion succeeds although gateways cannot be notified, and they are notified later', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    await directory.settle(await directory.pending(0, 10));
    directory.failBefore = 'remove';
    expect((await client.delete('/api/rooms/5')).status).to.equal(204);
    expect((await client.get('/api/rooms/5')).status).to.equal(404);
    expect((await directory.pending(0, 10)).map((change) => change.roomId)).to.deep.equal([5]);
    directory.failBefore = undefined;
    await until(() => events.length > 0);
    expect(positionOf(5)).to.equal(undefined);
    expect(events).to.deep.equal([{ type: 'room-deleted', roomId: 5 }]);
  });

  it('a new room inherits nothing from a deleted one that gateways still know', async () => {
    await client.post('/api/rooms', { id: 5, name: 'old' });
    rooms.publish(5, '"content":"secret"}');
    directory.failBefore = 'remove';
    await client.delete('/api/rooms/5');
    directory.failBefore = undefined;
    const old = positionOf(5);
    expect((await client.post('/api/rooms', { id: 5, name: 'new' })).status).to.equal(201);
    expect(positionOf(5)?.seq).to.equal(0);
    expect(positionOf(5)?.epoch).to.be.greaterThan(old?.epoch ?? 0);
    expect(events).to.deep.equal([{ type: 'room-deleted', roomId: 5 }]);
  });

  it('a new name that gateways could not be notified of can be set again', async () => {
    await client.post('/api/rooms', { id: 5, name: 'x' });
    directory.failBefore = 'announce';
    expect((await client.patch('/api/rooms/5', { name: 'y' })).status).to.equal(503);
    directory.failBefore = undefined;
    expect((await client.patch('/api/rooms/5', { name: 'y' })).body.name).to.equal('y');
    await until(() => events.length > 0);
    expect(events).to.deep.equal([{ type: 'room-renamed', roomId: 5, name: 'y' }]);
  });

  it('an API is ready when gateways know all rooms', async () => {
    const isReady = async () => (await client.get('/readyz')).body.status === 'ready';
    await until(isReady);
    expect((await client.get('/readyz')).body).to.deep.equal({ status: 'ready' });
    rooms.complete = false;
    const answer = await client.get('/readyz');
    expect([answer.status, answer.body]).to.deep.equal([
      200,
      { status: 'degraded', error: 'PostgreSQL: ok; Redis: rooms missing' },
    ]);
    await until(isReady);
  });
});
