import { MemoryBroker } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { encodeChange } from '@chorus/protocol';
import { expect } from 'chai';
import { openDatabase } from '../../testing/api.js';
import { MirrorFixture } from '../../testing/mirror.js';

const ROOM = 1;
const EPOCH = 1_767_225_600_000;
const NOWHERE = { epoch: 0, seq: 0 };
const FAR_AWAY = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };

describe('entries of the database, restored', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: MirrorFixture;

  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    fixture = await MirrorFixture.create(db);
    await fixture.fill(2);
    const message = {
      roomId: ROOM,
      epoch: EPOCH,
      messageId: 'x',
      userId: 1,
      username: 'ann',
      sentAt: new Date(),
    };
    const changed = { changedEpoch: EPOCH, changedSeq: 5 };
    await db.message.createMany({
      data: [
        { ...message, seq: 1, content: 'a!', ...changed, mentions: [7, 0], data: { a: 1 } },
        { ...message, seq: 3, n: 2, content: '', deletedAt: new Date(), deletedBy: 2, deletedByName: 'bob' },
        { ...message, seq: 6, n: 3, content: 'b', replyToEpoch: EPOCH, replyToSeq: 1, clientMsgId: 'c:1' },
      ],
    });
    const target = { epoch: EPOCH, seq: 1 };
    const about = { target, id: 'x', sentAt: Date.now() };
    const change = { roomId: ROOM, epoch: EPOCH, userId: 1, sentAt: new Date(), targetEpoch: EPOCH };
    const bodyOf = (text: string) =>
      encodeChange(ROOM, { id: 1, username: 'ann' }, { change: 'appended', text, ...about });
    await db.roomChange.createMany({
      data: [
        { ...change, seq: 2, n: 1, kind: 'appended', targetSeq: 3, body: null },
        { ...change, seq: 4, n: 2, kind: 'appended', targetSeq: 1, body: bodyOf('?') },
        { ...change, seq: 5, n: 2, kind: 'appended', targetSeq: 1, body: bodyOf('!'), clientMsgId: 'c:2' },
        {
          ...change,
          seq: 7,
          n: 3,
          kind: 'reacted',
          targetSeq: 1,
          body: '"type":"change","change":"reacted"}',
        },
      ],
    });
    await db.roomHead.create({ data: { roomId: ROOM, epoch: EPOCH, seq: 7, n: 3, sentAt: new Date() } });
    await db.$executeRaw`UPDATE rooms SET kind = 'private' WHERE id = ${ROOM}`;
  });
  after(() => db.$disconnect());

  it('tell where rooms stand, of which kind they are and how many of their entries are changes', async () => {
    const { rooms } = await fixture.repository.positions([ROOM, 2]);
    const [first, second] = rooms;
    expect(first).to.deep.include({ id: ROOM, kind: 'private', changes: 4, last: { epoch: EPOCH, seq: 7 } });
    expect(second).to.deep.include({ id: 2, kind: 'public', changes: 0, last: NOWHERE });
  });

  it('are as they were, but for the text of deleted messages', async () => {
    await fixture.mirror().run();
    const broker = new MemoryBroker(fixture.rooms);
    expect(await broker.standing(ROOM)).to.include({ kind: 'private' });
    const entries = await broker.between(ROOM, NOWHERE, FAR_AWAY, 100);
    const frames = entries.map(({ frame }) => JSON.parse(Buffer.from(frame).toString()));
    expect(frames.map(({ seq, n, change, content }) => [seq, n, change ?? content])).to.deep.equal([
      [1, undefined, 'a!'],
      [2, undefined, 'erased'],
      [3, undefined, 'erased'],
      [4, undefined, 'appended'],
      [5, undefined, 'appended'],
      [6, 3, 'b'],
      [7, undefined, 'reacted'],
    ]);
    expect(frames[0]).to.deep.include({
      ...{ mentions: [7, 'room'], changed: { epoch: EPOCH, seq: 5 }, data: { a: 1 } },
    });
    expect(frames[5]).to.deep.include({ replyTo: { epoch: EPOCH, seq: 1 }, clientMsgId: 'c:1' });
    // Keys are known, and ordinals go on.
    expect(await broker.publish(ROOM, '"x":1}', '1:c:2')).to.include({ seq: 5, repeated: true });
    await broker.publish(ROOM, '"type":"message"}');
    const [last] = (await broker.between(ROOM, NOWHERE, FAR_AWAY, 100)).slice(-1);
    expect(JSON.parse(Buffer.from(last?.frame ?? []).toString())).to.include({ seq: 8, n: 4 });
  });

  it('are read to the page, whichever table they are in', async () => {
    for (const limit of [1, 2, 3, 4, 5]) {
      const read: number[] = [];
      for (let after = NOWHERE; ; ) {
        const page = (await fixture.entries.afterEach([{ id: ROOM, after }], limit)).get(ROOM) ?? [];
        const last = page.at(-1);
        if (last === undefined) break;
        read.push(...page.map(({ seq }) => seq));
        after = last;
      }
      expect(read, String(limit)).to.deep.equal([1, 4, 5, 6, 7]);
      const newest = await fixture.entries.newest(ROOM, limit);
      expect(newest.map(({ seq }) => seq)).to.deep.equal([1, 4, 5, 6, 7].slice(-limit));
    }
  });
});
