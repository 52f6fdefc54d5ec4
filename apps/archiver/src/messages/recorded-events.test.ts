import { type Database, PreparedStatements } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { type ChangeParts, encodeChange, type Position } from '@chorus/protocol';
import { patiently, recordedLog } from '@chorus/testing';
import { expect } from 'chai';
import { type ArchiveEntry, readEntries } from '../changes/read-entries.js';
import { ANN, body, EPOCH, message, openDatabase, SENT_AT } from '../testing/database.js';
import { MessageStore } from './message-store.js';

const BEN = { id: 8, username: 'ben' };
const LONG_AGO = -60_000;
const at = (seq: number): Position => ({ epoch: EPOCH, seq });

describe('events of archived entries', function () {
  this.timeout(60_000);
  let db: Database;
  let url: string;
  let store: MessageStore;
  const { log } = recordedLog();

  before(async () => {
    ({ db, url } = await openDatabase());
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, events, event_outbox, webhooks CASCADE`;
    await db.$executeRaw`
      INSERT INTO rooms (id, name, created_at) SELECT id, 'room', now() - interval '1 hour' FROM generate_series(1, 3) id`;
    store = new MessageStore(db, 100, log);
  });
  after(() => db.$disconnect());

  const change = (by: typeof ANN, parts: object): string =>
    encodeChange(1, by, { ...parts, id: 'x', sentAt: SENT_AT } as ChangeParts);
  const remove = (seq: number): string =>
    change(BEN, { change: 'deleted', target: at(seq), author: ANN, n: seq, originalSentAt: SENT_AT });
  const entriesOf = (bodies: readonly string[]): ArchiveEntry[] => {
    let changes = 0;
    const messages = bodies.map((each, index) => {
      if (each.startsWith('"type":"c')) changes++;
      return { ...at(index + 1), body: each, ...(changes === 0 ? {} : { changes }) };
    });
    return readEntries({ roomId: 1, after: at(0), messages }, log);
  };
  const brief = async () =>
    (await recordedEvents(db)).map(({ type, roomId, seq, userId }) => [type, roomId, seq, userId]);

  it('are not recorded while no program listens', async () => {
    await store.save([message(1, 1), message(2, 1)], LONG_AGO);
    await store.save(entriesOf([body(1, 'a'), remove(1)]), LONG_AGO);
    expect(await recordedEvents(db)).to.deep.equal([]);
  });

  for (const by of ['Prisma', 'prepared statements']) {
    it(`are recorded once for each message, in the order of the room, however often it is stored (${by})`, async () => {
      await listenForEvents(db);
      const prepared =
        by === 'Prisma'
          ? undefined
          : PreparedStatements.open(url, { poolSize: 2, timeoutMs: patiently(10_000) });
      const batch = [message(2, 1), message(1, 1), message(1, 2), { ...message(1, 3), n: 3 }, message(9, 1)];
      const stores = [1, 2, 3].map(() => new MessageStore(db, 100, log, prepared));
      await Promise.all(stores.map((each) => each.save(batch, LONG_AGO)));
      await store.save(batch, LONG_AGO);
      expect((await brief()).sort((a, b) => Number(a[1]) - Number(b[1]))).to.deep.equal([
        ['message.created', 1, 1, ANN.id],
        ['message.created', 1, 2, ANN.id],
        ['message.created', 1, 3, ANN.id],
        ['message.created', 2, 1, ANN.id],
      ]);
      await prepared?.close();
    });
  }

  it('are recorded once for each change that changes a message, in the order of the room', async () => {
    await listenForEvents(db);
    const entries = entriesOf([
      body(1, 'secret'),
      change(BEN, { change: 'reacted', target: at(1), reaction: '👍' }),
      change(ANN, { change: 'edited', target: at(1), content: 'another secret' }),
      body(1, 'second'),
      remove(1),
      change(ANN, { change: 'edited', target: at(1), content: 'too late' }),
      change(ANN, { change: 'edited', target: at(99), content: 'of no message' }),
      change(BEN, { change: 'member-added', member: BEN }),
    ]);
    await store.save(entries.slice(0, 3), LONG_AGO);
    await Promise.all([store.save(entries, LONG_AGO), store.save(entries, LONG_AGO)]);
    expect(await brief()).to.deep.equal([
      ['message.created', 1, 1, ANN.id],
      ['message.changed', 1, 1, BEN.id],
      ['message.changed', 1, 1, ANN.id],
      ['message.created', 1, 4, ANN.id],
      ['message.deleted', 1, 1, BEN.id],
    ]);
    const rows = await recordedEvents(db);
    expect(rows.map(({ data }) => data)).to.deep.equal([
      ...[null, { change: 'reacted' }, { change: 'edited' }, null, null],
    ]);
    expect(JSON.stringify(rows)).not.to.match(/secret|too late/);
  });

  it('are recorded for none of the entries of a transaction that fails', async () => {
    await listenForEvents(db);
    const failing = new MessageStore(
      new Proxy(db, {
        get: (target, name) =>
          name === '$transaction' ? () => Promise.reject(new Error('away')) : Reflect.get(target, name),
      }),
      100,
      log,
    );
    const error = await failing.save(entriesOf([body(1, 'a'), remove(1)]), LONG_AGO).catch(String);
    expect(error).to.include('away');
    expect(await recordedEvents(db)).to.deep.equal([]);
  });
});
