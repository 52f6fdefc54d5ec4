import { expect } from 'chai';
import { ADA, BEN, delivery, MINUTE, message, NOON } from '../../testing/messages.js';
import type { Outgoing } from './entry.js';
import { type Row, Timeline } from './timeline.js';

const outgoing = (...sent: Array<[ReturnType<typeof delivery>, at: number]>): Map<string, Outgoing> =>
  new Map(sent.map(([known, at]) => [known.clientMsgId, { delivery: known, at }]));

/** Each line as a word; a message as its text, with `+` in front if it continues the one before, and its state. */
const words = (rows: readonly Row[]): string[] =>
  rows.map((row) => {
    if (row.kind !== 'message') return row.kind;
    const { content, state } = row.entry;
    return `${row.first ? '' : '+ '}${content}${state === undefined ? '' : ` (${state})`}`;
  });

describe('the lines of a log', () => {
  it('group messages of one author that follow each other soon', () => {
    const messages = [
      message(1, BEN, { minutes: 0 }),
      message(2, BEN, { minutes: 4 }),
      message(3, BEN, { minutes: 10 }),
      message(4, ADA, { minutes: 10 }),
    ];
    const rows = new Timeline().rows({ messages, outgoing: new Map(), me: ADA });
    expect(words(rows)).to.deep.equal(['day', 'message 1', '+ message 2', 'message 3', 'message 4 (sent)']);
  });

  it('start a new group with each day', () => {
    const messages = [message(1, BEN, { minutes: 0 }), message(2, BEN, { minutes: 12 * 60 })];
    const rows = new Timeline().rows({ messages, outgoing: new Map(), me: ADA });
    expect(words(rows)).to.deep.equal(['day', 'message 1', 'day', 'message 2']);
  });

  it("end with the user's unsent messages, in the order in which they were written", () => {
    const rows = new Timeline().rows({
      messages: [message(1, BEN)],
      outgoing: outgoing(
        [delivery('a', 'failed'), NOON + MINUTE],
        [delivery('b', 'sending'), NOON + 2 * MINUTE],
        [delivery('c', 'queued'), NOON + 3 * MINUTE],
      ),
      me: ADA,
    });
    expect(words(rows)).to.deep.equal([
      'day',
      'message 1',
      'of a (failed)',
      '+ of b (sending)',
      '+ of c (queued)',
    ]);
  });

  it("keep the key of one of the user's own messages when the room delivers it, and show it once", () => {
    const timeline = new Timeline();
    const before = timeline.rows({
      messages: [],
      outgoing: outgoing([delivery('a', 'sending'), NOON]),
      me: ADA,
    });
    // Before its ack, or after.
    for (const state of ['sending', 'sent', 'stored'] as const) {
      const after = timeline.rows({
        messages: [message(1, ADA, { clientMsgId: 'a' })],
        outgoing: outgoing([delivery('a', state), NOON]),
        me: ADA,
      });
      expect(words(after)).to.deep.equal(['day', 'message 1 (sent)']);
      expect(after.map(({ key }) => key)).to.include(before.at(-1)?.key);
    }
  });

  it("show the user's own messages as sent whichever page sent them, and no state for others", () => {
    const messages = [
      message(1, ADA, { clientMsgId: 'of another tab' }),
      message(2, BEN, { clientMsgId: 'a' }),
    ];
    const rows = new Timeline().rows({
      messages,
      outgoing: outgoing([delivery('a', 'sending'), NOON]),
      me: ADA,
    });
    expect(words(rows)).to.deep.equal(['day', 'message 1 (sent)', 'message 2', 'of a (sending)']);
  });

  it("mark the first new message, unless it is the user's own", () => {
    const messages = [message(1, BEN), message(2, BEN), message(3, BEN)];
    const at = (seq: number) =>
      words(new Timeline().rows({ messages, outgoing: new Map(), me: ADA, unreadAfter: { epoch: 1, seq } }));
    expect(at(1)).to.deep.equal(['day', 'message 1', 'unread', 'message 2', '+ message 3']);
    expect(at(3)).to.not.include('unread');
    const mine = new Timeline().rows({
      messages: [message(1, BEN), message(2, ADA)],
      outgoing: new Map(),
      me: ADA,
      unreadAfter: { epoch: 1, seq: 1 },
    });
    expect(words(mine)).to.not.include('unread');
  });

  it('show where messages are missing', () => {
    const messages = [message(1, BEN), message(5, BEN)];
    const rows = new Timeline().rows({ messages, outgoing: new Map(), me: ADA, gaps: new Set(['1-5']) });
    expect(words(rows)).to.deep.equal(['day', 'message 1', 'gap', 'message 5']);
  });

  it('have what happened in the room in its place, also on a day without messages', () => {
    const event = (seq: number, minutes: number) => ({
      ...{ epoch: 1, seq, at: NOON + minutes * MINUTE, text: `event ${seq}` },
    });
    const rows = new Timeline().rows({
      messages: [message(2, BEN, { minutes: 2 }), message(4, BEN, { minutes: 3 })],
      events: [event(1, -24 * 60), event(3, 2), event(5, 24 * 60)],
      outgoing: new Map(),
      me: ADA,
    });
    expect(words(rows)).to.deep.equal([
      ...['day', 'event', 'day', 'message 2', 'event', 'message 4', 'day', 'event'],
    ]);
  });

  it('are unchanged objects where nothing has changed, so that they are not drawn again', () => {
    const timeline = new Timeline();
    const messages = [message(2, BEN), message(3, ADA, { clientMsgId: 'a' })];
    const before = timeline.rows({ messages, outgoing: outgoing([delivery('a', 'sent'), NOON]), me: ADA });
    const after = timeline.rows({
      messages: [...messages, message(4, BEN)],
      outgoing: outgoing([delivery('a', 'stored'), NOON]),
      me: ADA,
    });
    expect(after.map((row) => before.includes(row))).to.deep.equal([true, true, true, false]);
  });

  it('have unique keys', () => {
    const messages = Array.from({ length: 50 }, (_, index) =>
      message(index + 1, BEN, { minutes: index * 200 }),
    );
    const rows = new Timeline().rows({ messages, outgoing: new Map(), me: ADA });
    expect(new Set(rows.map(({ key }) => key)).size).to.equal(rows.length);
  });
});
