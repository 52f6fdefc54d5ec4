import { expect } from 'chai';
import type { MessageFrame } from '../plain-frames.js';
import type { ChangeFrame } from './change-frames.js';
import { type CurrentMessage, newMessage } from './current-message.js';
import { changedMessage, fold, tombstoneOf } from './fold.js';

const EPOCH = 1_767_225_600_000;
const at = (seq: number, epoch = EPOCH) => ({ epoch, seq });
const by = (userId: number) => ({ roomId: 1, userId, username: `user${userId}`, id: 'x', sentAt: 1_000 });
const target = at(5);

const sent: MessageFrame = { ...at(5), type: 'message', content: 'hello', ...by(1), sentAt: 500 };
const message = newMessage(sent);
const edit = (seq: number, content: string): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'edited', target, content, ...by(1) },
});
const append = (seq: number, text: string): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'appended', target, text, ...by(1) },
});
const react = (
  seq: number,
  change: 'reacted' | 'unreacted',
  reaction: string,
  user: number,
): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change, target, reaction, ...by(user) },
});
const deletion = (seq: number) =>
  ({
    ...{ ...at(seq), type: 'change', change: 'deleted', target },
    ...{ author: { id: 1, username: 'user1' }, n: 5, originalSentAt: 500, ...by(2) },
  }) as const satisfies ChangeFrame;
const reply = (seq: number): MessageFrame => ({
  ...{ ...at(seq), type: 'message', replyTo: target, content: 'yes', ...by(2) },
});
const foldAll = (...entries: Array<ChangeFrame | MessageFrame>): CurrentMessage =>
  entries.reduce(fold, message);

describe('fold', () => {
  it('replaces the text, and keeps what the edit does not name', () => {
    const first = fold({ ...message, data: { a: 1 }, mentions: [4] }, edit(6, 'hi'));
    expect(first).to.deep.equal({
      ...{ ...message, content: 'hi', editedAt: 1_000, changed: at(6) },
      ...{ data: { a: 1 }, mentions: [4] },
    });
    const second = fold(first, { ...edit(7, 'ho'), data: { b: 2 }, mentions: [] } as ChangeFrame);
    expect(second).to.deep.include({ content: 'ho', data: { b: 2 }, mentions: [], changed: at(7) });
  });

  it('adds text at the end', () => {
    expect(foldAll(append(6, ', '), append(7, 'world'))).to.deep.include({
      ...{ content: 'hello, world', changed: at(7) },
    });
    expect(foldAll(append(6, '!'))).not.to.have.property('editedAt');
  });

  it('keeps one of each reaction per user, in an order that does not depend on who was first', () => {
    const folded = foldAll(
      react(6, 'reacted', '👍', 9),
      react(7, 'reacted', 'ok', 3),
      react(8, 'reacted', '👍', 2),
      react(9, 'reacted', '👍', 9),
      react(10, 'unreacted', 'ok', 4),
    );
    expect(folded.reactions).to.deep.equal([
      { reaction: 'ok', users: [3] },
      { reaction: '👍', users: [2, 9] },
    ]);
    expect(fold(folded, react(11, 'unreacted', 'ok', 3)).reactions).to.deep.equal([
      { reaction: '👍', users: [2, 9] },
    ]);
  });

  it('leaves a tombstone, which only replies change', () => {
    const folded = [react(6, 'reacted', '👍', 9), deletion(7)].reduce<CurrentMessage>(fold, {
      ...{ ...message, data: { a: 1 }, mentions: [4], n: 5, editedAt: 3 },
    });
    expect(folded).to.deep.equal({
      ...{ ...message, n: 5, content: '', changed: at(7) },
      deleted: { by: { id: 2, username: 'user2' }, at: 1_000 },
    });
    for (const change of [edit(8, 'x'), append(8, 'x'), react(8, 'reacted', 'x', 1), deletion(8)]) {
      expect(fold(folded, change)).to.equal(folded);
    }
    expect(fold(folded, reply(9))).to.deep.equal({ ...folded, replies: 1, changed: at(9) });
  });

  it('knows of a deleted message what its deletion says', () => {
    expect(tombstoneOf(deletion(7))).to.deep.equal({
      ...{ ...message, n: 5, id: '', content: '', changed: at(7) },
      deleted: { by: { id: 2, username: 'user2' }, at: 1_000 },
    });
  });

  it('applies each entry once, however often it is given', () => {
    const entries = [append(6, ' a'), react(7, 'reacted', 'x', 1), append(8, ' b'), reply(9)];
    const once = foldAll(...entries);
    expect(once).to.deep.include({ content: 'hello a b', replies: 1, changed: at(9) });
    for (let start = 0; start < entries.length; start++) {
      expect(entries.slice(start).reduce<CurrentMessage>(fold, once)).to.equal(once);
    }
  });

  it('ignores entries about other messages, and those that change none', () => {
    for (const seq of [4, 6]) {
      expect(fold(message, { ...edit(8, 'x'), target: at(seq) } as ChangeFrame)).to.equal(message);
    }
    expect(fold(message, { ...edit(8, 'x'), target: at(5, EPOCH - 1) } as ChangeFrame)).to.equal(message);
    const none: ChangeFrame[] = [
      { ...at(8), type: 'change', change: 'erased', roomId: 1 },
      { ...at(8), type: 'change', change: 'room-changed', name: 'x', ...by(1) },
    ];
    for (const change of none) {
      expect(changedMessage(change)).to.equal(undefined);
      expect(fold(message, change)).to.equal(message);
    }
    expect(fold(message, { ...reply(8), replyTo: undefined } as MessageFrame)).to.equal(message);
  });

  it('applies changes of a later epoch', () => {
    expect(foldAll(append(6, '!'), { ...append(6, '?'), epoch: EPOCH + 1 } as ChangeFrame).content).to.equal(
      'hello!?',
    );
  });
});
