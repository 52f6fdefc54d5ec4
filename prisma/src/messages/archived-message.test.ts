import { showMessage } from '@chorus/protocol';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { createDatabase, type Database } from '../database.js';
import { migratedTestDatabase } from '../testing/migrated-database.js';
import { archivedMessages } from './archived-message.js';
import { MESSAGE_COLUMNS } from './message-row.js';

const ROOM = 4;

describe('ArchivedMessage', function () {
  this.timeout(30_000);
  let db: Database;

  before(async () => {
    db = createDatabase(await migratedTestDatabase(), { poolSize: 1, timeoutMs: patiently(10_000) });
    await db.room.create({ data: { id: ROOM, name: 'room' } });
  });
  after(() => db.$disconnect());

  /** Stores messages of user 7, one for each of the differences from a message with only text. */
  async function stored(...differences: object[]) {
    await db.$executeRaw`TRUNCATE messages`;
    const common = {
      roomId: ROOM,
      epoch: 5,
      messageId: 'gateway-1-x',
      userId: 7,
      username: 'Ann "Ü" \\ 🎈',
      content: 'a',
    };
    const sentAt = new Date('2026-01-02T03:04:05.678Z');
    const data = differences.map((difference, at) => ({ ...common, seq: at + 1, sentAt, ...difference }));
    await db.message.createMany({ data });
    const text = `SELECT ${MESSAGE_COLUMNS} FROM messages m ORDER BY seq`;
    return db.prepared.rows({ text, values: [] }, archivedMessages(ROOM));
  }

  it('has the JSON of a message with only text, whatever the text is', async () => {
    const contents = [
      '',
      'a',
      '"',
      '\\',
      '\n\t\b\u0001\u001f\u007f',
      'é🙂\u2028',
      '{"seq":1}',
      'NULL',
      'x'.repeat(10_000),
    ];
    const messages = await stored(
      ...contents.map((content) => ({ content })),
      { n: 12 },
      { clientMsgId: 'a.b:c_d-e' },
      { clientMsgId: 'x', bot: true },
      { bot: false },
      { mentions: [] },
      { sentAt: new Date('1970-01-01T00:00:00Z') },
      { sentAt: new Date('9999-12-31T23:59:59.999Z') },
      { userId: 0, messageId: '"', username: '' },
    );
    for (const message of messages) {
      const current = message.current();
      expect(message.json()).to.equal(JSON.stringify(showMessage(current, 7)));
      expect(message.other('role')).to.equal(null);
      const { epoch, seq, sentAt } = current;
      expect([message.epoch, message.seq, message.sentAt]).to.deep.equal([epoch, seq, sentAt]);
    }
  });

  it('has no JSON of a message with more than text', async () => {
    const time = new Date('2026-01-02T03:04:06Z');
    const messages = await stored(
      { data: { a: 1 } },
      { mentions: [1] },
      { replyToEpoch: 5, replyToSeq: 1 },
      { editedAt: time, changedEpoch: 5, changedSeq: 9 },
      { changedEpoch: 5, changedSeq: 9 },
      { deletedAt: time, deletedBy: 7, deletedByName: 'ann' },
      { replies: 1 },
    );
    expect(messages.map((message) => message.json())).to.deep.equal(messages.map(() => undefined));
    expect(messages.map((message) => message.current().data)).to.deep.equal([
      { a: 1 },
      ...Array(6).fill(undefined),
    ]);
  });

  it('knows every column: a new one must be in the JSON, or make a message one with more than text', async () => {
    const names = await db.prepared.rows(
      { text: `SELECT ${MESSAGE_COLUMNS} FROM (SELECT 1) one LEFT JOIN messages m ON false`, values: [] },
      (columns) => () => columns.map(({ name }) => name),
    );
    expect(names[0]?.sort().join(' ')).to.equal(
      'bot changedEpoch changedSeq clientMsgId content data deletedAt deletedBy deletedByName editedAt epoch id mentions n reactions ' +
        'replies replyEpoch replySeq sentAt seq userId username',
    );
  });
});
