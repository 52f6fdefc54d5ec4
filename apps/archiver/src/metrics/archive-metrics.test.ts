import { createDatabase, type Database } from '@chorus/database';
import { Metrics } from '@chorus/service';
import { recordedLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { loadArchiveConfig } from '../config.js';
import { makeArchiver } from '../create-archiver.js';
import { openDatabase, SENT_AT } from '../testing/database.js';
import { TestQueue } from '../testing/queue.js';
import { BacklogReader } from './backlog-reader.js';

describe('the metrics of an archiver', function () {
  this.timeout(60_000);
  let db: Database;
  let queue: TestQueue;
  let metrics: Metrics;
  const closing: Array<() => Promise<unknown>> = [];

  before(async () => {
    ({ db } = await openDatabase());
    await db.room.create({ data: { id: 1, name: 'room', createdAt: new Date(0) } });
  });
  beforeEach(() => {
    queue = new TestQueue();
    metrics = new Metrics();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  after(() => db.$disconnect());

  const start = (database = db) => {
    const config = loadArchiveConfig({ ARCHIVE_INTERVAL_MS: '5' });
    const archiver = makeArchiver(config, { db: database, queue, metrics, log: recordedLog().log });
    closing.push(() => archiver.close());
    return archiver;
  };
  /** A metric's value by its name with labels; undefined if it is absent. */
  const read = async (name: string): Promise<number | undefined> => {
    const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length));
  };
  const batches = (outcome: string) => read(`chorus_archiver_batches_total{outcome="${outcome}"}`);
  const sinceSent = (): number => (Date.now() - SENT_AT) / 1_000;

  it('report the backlog before anything is stored', async () => {
    start();
    expect(await read('chorus_archiver_lag_seconds')).to.equal(0);
    expect(await read('chorus_archiver_backlog_messages')).to.equal(0);
    queue.add(1, 3);
    expect(await read('chorus_archiver_backlog_messages')).to.equal(3);
    expect(await read('chorus_archiver_backlog_bytes')).to.equal(3);
    expect(await read('chorus_archiver_lag_seconds')).to.be.closeTo(sinceSent(), 5);
  });

  it('count stored messages, and nothing without messages', async () => {
    start().start();
    await until(() => queue.claims > 3);
    expect(await batches('stored')).to.equal(0);
    queue.add(1, 3);
    // A deleted room: its messages are not stored.
    queue.add(99, 2);
    await until(() => queue.settled.length === 2);
    expect(await read('chorus_archiver_messages_total')).to.equal(3);
    expect(await batches('stored')).to.be.within(1, 2);
    expect(await batches('failed')).to.equal(0);
    expect(await read('chorus_archiver_batch_seconds_count')).to.equal(await batches('stored'));
    expect(await read('chorus_archiver_lag_seconds')).to.equal(0);
    expect(await read('chorus_archiver_backlog_messages')).to.equal(0);
  });

  it("count failures, and keep reporting the oldest message's age while Redis is unreachable too", async () => {
    const nobody = createDatabase('postgresql://user@127.0.0.1:1/none', { poolSize: 1, timeoutMs: 500 });
    closing.push(() => nobody.$disconnect());
    queue.add(1, 3);
    start(nobody).start();
    await until(async () => ((await batches('failed')) ?? 0) >= 2);
    expect(await batches('stored')).to.equal(0);
    expect(await read('chorus_archiver_messages_total')).to.equal(0);
    expect(await read('chorus_archiver_batch_seconds_count')).to.equal(0);
    queue.away = true;
    expect(await read('chorus_archiver_lag_seconds')).to.be.closeTo(sinceSent(), 5);
    expect(await read('chorus_archiver_backlog_messages')).to.equal(undefined);
  });

  it('do not report an old value while Redis does not answer', async () => {
    start();
    queue.add(1, 1);
    expect(await read('chorus_archiver_backlog_bytes')).to.equal(1);
    queue.away = true;
    for (const name of ['lag_seconds', 'backlog_bytes', 'backlog_messages']) {
      expect(await read(`chorus_archiver_${name}`), name).to.equal(undefined);
    }
    queue.away = false;
    expect(await read('chorus_archiver_backlog_bytes')).to.equal(1);
  });

  it('share one query between concurrent collections, and do not wait for a silent Redis', async () => {
    start();
    let answer = (): void => {};
    queue.silence = new Promise((resolve) => {
      answer = resolve;
    });
    const texts = await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
    for (const text of texts) expect(text).not.to.match(/^chorus_archiver_(lag|backlog)/m);
    expect(queue.measures).to.equal(1);
    answer();
    queue.silence = undefined;
    // The late answer may be used once; the next reading is new.
    for (let turn = 0; turn < 2; turn++) expect(await read('chorus_archiver_lag_seconds')).to.equal(0);
    expect(queue.measures).to.equal(2);
  });
});

describe('BacklogReader', () => {
  it('gives up after its time-out, and still uses the late answer', async () => {
    const measure = { bytes: 1, rooms: 1, messages: 1, oldestSentAt: 1 };
    let answer = (_value: typeof measure): void => {};
    const silent = new Promise<typeof measure>((resolve) => {
      answer = resolve;
    });
    const reader = new BacklogReader({ measure: () => silent }, 20);
    expect(await reader.read()).to.equal(undefined);
    const waiting = reader.read();
    answer(measure);
    expect(await waiting).to.deep.equal(measure);
  });
});
