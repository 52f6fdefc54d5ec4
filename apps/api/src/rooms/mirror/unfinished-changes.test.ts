import type { MemoryRoomDirectory } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../../testing/api.js';
import { MirrorFixture, SETTLE_AFTER_MS } from '../../testing/mirror.js';
import type { RoomMirror } from './room-mirror.js';

describe('RoomMirror, for changes that are half done', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: MirrorFixture;
  let directory: MemoryRoomDirectory;
  let looking: RoomMirror;

  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    fixture = await MirrorFixture.create(db);
    ({ directory } = fixture);
    await directory.markComplete();
    looking = fixture.mirror();
    // The initial pass over all rooms would hide the repair of a single one.
    await looking.run();
  });
  after(() => db.$disconnect());

  it('restores a room that PostgreSQL has', async () => {
    await directory.begin([5]);
    await fixture.create(5);
    await fixture.archive(5, 1, 12);
    fixture.now += SETTLE_AFTER_MS;
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(12);
    expect((await directory.pending(0, 100)).length).to.equal(0);
  });

  it('removes a room that PostgreSQL no longer has, and notifies the gateways', async () => {
    await directory.begin([5]);
    await directory.ensure(5, 0);
    fixture.now += SETTLE_AFTER_MS;
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(undefined);
    await until(() => fixture.events.length > 0);
    expect(fixture.events).to.deep.equal([{ type: 'room-deleted', roomId: 5 }]);
    expect((await directory.pending(0, 100)).length).to.equal(0);
  });

  it('leaves finished changes alone', async () => {
    await directory.begin([5]);
    await fixture.create(5);
    await directory.ensure(5, 0);
    fixture.now += SETTLE_AFTER_MS;
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(0);
    await new Promise(setImmediate);
    expect(fixture.events).to.deep.equal([]);
  });

  it('leaves young changes to the requests that make them', async () => {
    await directory.begin([5]);
    await directory.ensure(5, 0);
    fixture.now += SETTLE_AFTER_MS - 1;
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(0);
    expect((await directory.pending(0, 100)).length).to.equal(1);
  });

  it('does not lose a room that is created during a check', async () => {
    await directory.begin([5]);
    fixture.now += SETTLE_AFTER_MS;
    const remove = directory.remove.bind(directory);
    directory.remove = async (id) => {
      directory.remove = remove;
      await directory.begin([id]);
      await fixture.create(id);
      await directory.ensure(id, 0);
      await remove(id);
    };
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(0);
    expect((await directory.pending(0, 100)).length).to.equal(1);
  });

  it('does not restore a room that is deleted during a check', async () => {
    await directory.begin([5]);
    await fixture.create(5);
    fixture.now += SETTLE_AFTER_MS;
    const bringIn = directory.bringIn.bind(directory);
    directory.bringIn = async (page, time) => {
      const [id = 0] = page.map((each) => each.id);
      if (page.length > 0) await directory.begin([id]);
      await fixture.delete(id);
      await directory.remove(id);
      return bringIn(page, time);
    };
    await looking.run();
    expect(fixture.seqOf(5)).to.equal(undefined);
  });
});
