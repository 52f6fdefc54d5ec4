import { createDatabase, type Database, EventLog, recordEvents } from '@chorus/database';
import { listenForEvents, migratedTestDatabase } from '@chorus/database/testing';
import { createPrng, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { eventRetention } from '../retention/event-retention.js';
import { Sequencer } from './sequencer.js';

const ROOMS = 3;

describe('the sequencer of events', function () {
  this.timeout(60_000);
  let db: Database;
  let log: EventLog;

  before(async () => {
    db = createDatabase(await migratedTestDatabase(), { poolSize: 20, timeoutMs: patiently(10_000) });
    log = new EventLog(db);
    await listenForEvents(db);
    await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${ROOMS}) id`;
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE events, event_outbox`;
    await db.$executeRaw`UPDATE event_log SET position = 0, removed = 0`;
  });
  after(() => db.$disconnect());

  const record = (numbers: readonly number[]): Promise<void> =>
    recordEvents(
      db,
      numbers.map((n) => ({ type: 'room.changed', roomId: 1, data: { n } }) as const),
    );
  const numbersOf = (page: { events: ReadonlyArray<{ data: Readonly<Record<string, unknown>> }> }) =>
    page.events.map(({ data }) => data.n);

  it('gives consecutive positions in the order of the events', async () => {
    await record([1, 2, 3]);
    expect(numbersOf(await log.page(0, 10))).to.deep.equal([]);
    await new Sequencer(db, silentLog).run();
    await record([4]);
    await new Sequencer(db, silentLog).run();
    const page = await log.page(0, 10);
    expect(page.events.map(({ position }) => position)).to.deep.equal([1, 2, 3, 4]);
    expect(numbersOf(page)).to.deep.equal([1, 2, 3, 4]);
    expect([page.next, page.more]).to.deep.equal([4, false]);
    expect(await db.eventOutboxEntry.count()).to.equal(0);
  });

  it('leaves out what is not committed, and what is rolled back', async () => {
    const sequencer = new Sequencer(db, silentLog);
    await db.$transaction(async (tx) => {
      await recordEvents(tx, [{ type: 'room.changed', roomId: 1, data: { n: 1 } }]);
      await record([2]);
      await sequencer.run();
      expect(numbersOf(await log.page(0, 10))).to.deep.equal([2]);
    });
    await db
      .$transaction(async (tx) => {
        await recordEvents(tx, [{ type: 'room.changed', roomId: 1, data: { n: 3 } }]);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await sequencer.run();
    expect(numbersOf(await log.page(0, 10))).to.deep.equal([2, 1]);
  });

  it('loses nothing, repeats nothing and keeps the order of each room, with racing transactions and sequencers', async () => {
    const prng = createPrng(16);
    let writing = true;
    const counts = new Map<number, number>();
    const write = async (): Promise<void> => {
      for (let n = 0; n < 40; n++) {
        const roomId = 1 + Math.floor(prng.next() * ROOMS);
        const fails = prng.next() < 0.2;
        await db
          .$transaction(async (tx) => {
            await tx.$queryRaw`SELECT 1 FROM rooms WHERE id = ${roomId} FOR NO KEY UPDATE`;
            const count = (counts.get(roomId) ?? 0) + 1;
            await recordEvents(tx, [{ type: 'room.changed', roomId, data: { n: count } }]);
            if (fails) throw new Error('rolled back');
            counts.set(roomId, count);
          })
          .catch((error: Error) => expect(error.message).to.equal('rolled back'));
      }
    };
    const sequence = async (): Promise<void> => {
      const sequencer = new Sequencer(db, silentLog);
      while (writing) await sequencer.run();
    };
    const seen = new Map<number | undefined, unknown[]>();
    const read = async (): Promise<void> => {
      for (let after = 0; ; ) {
        const done = !writing;
        const { events, next } = await log.page(after, 7);
        for (const { roomId, data } of events) seen.set(roomId, [...(seen.get(roomId) ?? []), data.n]);
        after = next;
        if (done && events.length === 0) return;
      }
    };
    const others = [sequence(), sequence(), sequence()];
    const reading = read();
    await Promise.all([write(), write(), write(), write()]);
    await new Sequencer(db, silentLog).run();
    writing = false;
    await Promise.all(others);
    await new Sequencer(db, silentLog).run();
    await reading;
    for (let roomId = 1; roomId <= ROOMS; roomId++) {
      const expected = Array.from({ length: counts.get(roomId) ?? 0 }, (_, index) => index + 1);
      expect(seen.get(roomId), `room ${roomId}`).to.deep.equal(expected);
    }
  });

  it('goes on after the events of another sequencer that ends in the middle', async () => {
    await record([1, 2]);
    await db
      .$transaction(async (tx) => {
        await tx.$queryRaw`SELECT chorus_sequence_events(10)`;
        await new Sequencer(db, silentLog).run();
        expect((await log.ends()).last).to.equal(0);
        throw new Error('killed');
      })
      .catch(() => undefined);
    await new Sequencer(db, silentLog).run();
    expect(numbersOf(await log.page(0, 10))).to.deep.equal([1, 2]);
  });

  it('removes what is older than the retention from the beginning of the log, and remembers how far', async () => {
    await record(Array.from({ length: 12 }, (_, index) => index + 1));
    await new Sequencer(db, silentLog).run();
    await db.$executeRaw`UPDATE events SET at = now() - interval '8 days' WHERE position < 10 OR position = 12`;
    await eventRetention(db, 7, silentLog).run();
    // The last one is old, and behind a young one: clocks and long transactions.
    expect(numbersOf(await log.page(0, 20))).to.deep.equal([10, 11, 12]);
    expect(await log.ends()).to.deep.equal({ last: 12, removed: 9 });
    await db.$executeRaw`UPDATE events SET at = now() - interval '8 days'`;
    await eventRetention(db, 7, silentLog).run();
    expect(await log.ends()).to.deep.equal({ last: 12, removed: 12 });
    await record([13]);
    await new Sequencer(db, silentLog).run();
    expect((await log.page(12, 10)).events.map(({ position }) => position)).to.deep.equal([13]);
  });
});
