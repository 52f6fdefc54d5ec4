import { type ChangeParts, encodeChange, messageEncoder, openFrame, type Position } from '@chorus/protocol';
import { expect } from 'chai';
import type { StoredMessage } from '../../broker.js';
import { keepDelivery, keepHistory } from './keep-delivery.js';
import { ReplayBudget, ReplayWindow } from './window.js';

const ROOM = 1;
const EPOCH = 1_000;
const ANN = { id: 1, username: 'ann' };

describe('deliveries kept for clients that resume', () => {
  let budget: ReplayBudget;
  let window: ReplayWindow;
  beforeEach(() => {
    budget = new ReplayBudget(1e6);
    window = new ReplayWindow({ epoch: EPOCH, seq: 4 }, { maxMessages: 100, maxRoomBytes: 1e6 }, budget);
  });

  const at = (seq: number): Position => ({ epoch: EPOCH, seq });
  const message = (seq: number): StoredMessage => {
    const body = messageEncoder(ROOM, ANN)({ content: `secret ${seq}`, id: 'x', sentAt: 1 });
    return { ...at(seq), frame: Buffer.from(openFrame(at(seq)) + body) };
  };
  const change = (seq: number, parts: object): StoredMessage => {
    const body = encodeChange(ROOM, ANN, { id: 'x', sentAt: 1, ...parts } as ChangeParts);
    return { ...at(seq), frame: Buffer.from(openFrame(at(seq)) + body) };
  };
  const append = (seq: number, target: number): StoredMessage =>
    change(seq, { change: 'appended', target: at(target), text: `secret ${seq}` });
  const deletion = (seq: number, target: number): StoredMessage =>
    change(seq, { change: 'deleted', target: at(target), author: ANN, n: target, originalSentAt: 1 });
  const deliver = (...entries: StoredMessage[]): void => {
    for (const entry of entries) keepDelivery(window, ROOM, entry, entry.frame);
  };
  /** Each kept entry: its number, and `s` for one with a text, `e` for an erased one, `c` for another change. */
  const kept = (): string => {
    const { frames } = window.read(window.end - size(), 1e6, 'all') ?? { frames: [] };
    return frames
      .map((frame) => Buffer.from(frame).toString())
      .map((text) => {
        const { seq } = JSON.parse(text);
        return `${seq}${text.includes('secret') ? 's' : text.includes('"erased"') ? 'e' : 'c'}`;
      })
      .join(' ');
  };
  const size = (): number => {
    const first = window.find(window.start, at(99));
    return typeof first === 'number' ? window.end - first : 0;
  };

  it('lose a message that is deleted, with the changes of its text', () => {
    deliver(message(5), message(6), append(7, 5), deletion(8, 5));
    expect(kept()).to.equal('5e 6s 7e 8c');
  });

  it('lose a change of the text that arrives after the deletion', () => {
    deliver(message(5), deletion(6, 5), append(7, 5), message(8), append(9, 8));
    expect(kept()).to.equal('5e 6c 7e 8s 9s');
  });

  it('lose a message of the history that was deleted before it was read, and one that the history itself deletes', () => {
    deliver(message(5), deletion(6, 2), deletion(7, 5));
    keepHistory(window, ROOM, [message(1), message(2), append(3, 1), deletion(4, 1)], at(0));
    expect(kept()).to.equal('1e 2e 3e 4c 5e 6c 7c');
    const { bytes } = window;
    expect(budget.used).to.equal(bytes);
  });
});
