import type { Database } from '@chorus/database';
import { recordedLog } from '@chorus/testing';
import { expect } from 'chai';
import { body, EPOCH, openDatabase } from '../testing/database.js';
import { TestQueue } from '../testing/queue.js';
import { ArchiveWork } from './archive-work.js';
import { MessageStore } from './message-store.js';

const LEASE_MS = 10_000;
const KEEP = { size: 5, maxAgeMs: 60_000 };

describe('ArchiveWork', function () {
  this.timeout(60_000);
  let db: Database;
  let queue: TestQueue;
  let lines: Array<Record<string, unknown>>;
  let work: ArchiveWork;
  const makeWork = (store?: MessageStore): ArchiveWork => {
    const logged = recordedLog();
    lines = logged.lines;
    const options = { batchMessages: 100, leaseMs: LEASE_MS, keep: KEEP };
    return new ArchiveWork(queue, store ?? new MessageStore(db, 100, logged.log), logged.log, options);
  };

  before(async () => {
    ({ db } = await openDatabase());
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms CASCADE`;
    await db.$executeRaw`
      INSERT INTO rooms (id, name, created_at) SELECT id, 'room', now() - interval '1 hour' FROM generate_series(1, 50) id`;
    queue = new TestQueue();
    work = makeWork();
  });
  after(() => db.$disconnect());

  const archived = async (roomId: number): Promise<string[]> =>
    (await db.message.findMany({ where: { roomId }, orderBy: { seq: 'asc' } })).map((row) => row.content);
  const expected = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index + 1}`);
  const failure = (action: Promise<unknown>): Promise<unknown> =>
    action.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('stores what waits, then settles each room at its last message, with the keys to keep', async () => {
    queue.add(1, 1);
    queue.add(2, 2);
    expect(await work.cycle()).to.equal(false);
    expect(await archived(1)).to.deep.equal(expected(1));
    expect(await archived(2)).to.deep.equal(expected(2));
    const settled = queue.settled.map(({ roomId, upTo, keep }) => [roomId, upTo.epoch, upTo.seq, keep]);
    expect(settled).to.deep.equal([
      [1, EPOCH, 1, KEEP],
      [2, EPOCH, 2, KEEP],
    ]);
  });

  it('continues until no message waits, however many there are', async () => {
    queue.add(1, 1_000);
    for (let room = 2; room <= 50; room++) queue.add(room, room);
    while (await work.cycle());
    expect(await work.isDone()).to.equal(true);
    for (let room = 2; room <= 50; room++) expect(await archived(room)).to.deep.equal(expected(room));
    expect(await archived(1)).to.deep.equal(expected(1_000));
  });

  it('settles a room without new messages, so that it is trimmed', async () => {
    const after = { epoch: EPOCH, seq: 9 };
    queue.claim = async () => [{ roomId: 1, after, messages: [] }];
    await work.cycle();
    expect(queue.settled).to.deep.equal([{ roomId: 1, upTo: after, keep: KEEP }]);
  });

  it('settles nothing that is not stored', async () => {
    const outage = makeWork(new MessageStore({} as Database, 100, recordedLog().log));
    queue.add(1, 3);
    expect(String(await failure(outage.cycle()))).to.match(/^ArchiveError: PostgreSQL: /);
    expect(queue.settled).to.deep.equal([]);
  });

  it('keeps its claim while PostgreSQL is unreachable, and stores it as soon as PostgreSQL is back', async () => {
    queue.add(1, 3);
    const store = new MessageStore(db, 100, recordedLog().log);
    const save = store.save.bind(store);
    const held = makeWork(store);
    store.save = () => Promise.reject(new Error('away'));
    await failure(held.cycle());
    await failure(held.cycle());
    expect(queue.claims).to.equal(1);
    store.save = save;
    await held.cycle();
    expect(await archived(1)).to.deep.equal(expected(3));
    expect(await held.isDone()).to.equal(true);
  });

  it('reports that Redis is unreachable, and continues where it was', async () => {
    queue.add(1, 3);
    queue.away = true;
    expect(String(await failure(work.cycle()))).to.equal('ArchiveError: Redis: away');
    queue.away = false;
    await work.cycle();
    expect(await archived(1)).to.deep.equal(expected(3));
  });

  it('does no harm when settling failed: the room is claimed again and stored once', async () => {
    queue.add(1, 3);
    const settle = queue.settle.bind(queue);
    queue.settle = () => Promise.reject(new Error('away'));
    await failure(work.cycle());
    queue.settle = settle;
    queue.add(1, 2);
    await work.cycle();
    expect(queue.settled, 'still leased').to.deep.equal([]);
    queue.now += LEASE_MS;
    await work.cycle();
    expect(await archived(1)).to.deep.equal(expected(5));
    expect(await work.isDone()).to.equal(true);
  });

  it('is taken over by another archiver when it dies half way', async () => {
    queue.add(1, 3);
    const store = new MessageStore(db, 100, recordedLog().log);
    store.save = () => new Promise(() => {});
    void makeWork(store).cycle();
    queue.now += LEASE_MS - 1;
    await work.cycle();
    expect(await archived(1)).to.deep.equal([]);
    queue.now += 1;
    await work.cycle();
    expect(await archived(1)).to.deep.equal(expected(3));
  });

  it('drops the messages of a deleted room, and stores those of other rooms', async () => {
    queue.add(1, 2);
    queue.add(99, 2);
    await work.cycle();
    expect(await archived(1)).to.deep.equal(expected(2));
    expect(queue.settled.map(({ roomId }) => roomId)).to.deep.equal([1, 99]);
    expect(await work.isDone()).to.equal(true);
    expect(lines.map(({ level, roomId, messages }) => ({ level, roomId, messages }))).to.deep.equal([
      { level: 30, roomId: 99, messages: 2 },
    ]);
  });

  it('does not settle a room that is being deleted', async () => {
    queue.add(1, 2);
    const store = new MessageStore(db, 100, recordedLog().log);
    store.save = async () => new Map([[1, 'later' as const]]);
    await makeWork(store).cycle();
    expect(queue.settled).to.deep.equal([]);
  });

  it('stores as much as possible of a message that cannot be stored unchanged, and logs which one', async () => {
    queue.add(1, 4, (seq) => (seq === 2 ? body(1, 'se\0cret') : seq === 3 ? 'no JSON' : body(1, `m${seq}`)));
    while (await work.cycle());
    expect(await archived(1)).to.deep.equal([
      'm1',
      'se\uFFFDcret',
      `{"seq":3,"epoch":${EPOCH},no JSON`,
      'm4',
    ]);
    expect(await work.isDone()).to.equal(true);
    expect(lines.map(({ level, roomId, epoch, seq }) => ({ level, roomId, epoch, seq }))).to.deep.equal([
      { level: 50, roomId: 1, epoch: EPOCH, seq: 2 },
      { level: 50, roomId: 1, epoch: EPOCH, seq: 3 },
    ]);
    expect(JSON.stringify(lines)).to.not.include('cret');
  });
});
