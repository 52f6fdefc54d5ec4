import { ChorusError, type Delivery, type Message, type Room, type RoomEvents } from '@chorus/client';
import { expect } from 'chai';
import { ADA, BEN, delivery, message } from '../../testing/messages.js';
import { Memory, type Store } from '../storage.js';
import { Conversation } from './conversation.js';

/** A room that the test controls, without a gateway. */
class ToldRoom implements Room {
  readonly id = 7;
  status: Room['status'] = 'joined';
  leftReason: Room['leftReason'];
  readonly position = undefined;
  deliveries: Delivery[] = [];
  typists = [];
  members = [ADA];
  left = false;
  /** Earlier messages, oldest first. */
  past: Message[] = [];
  broken = false;
  readonly #listeners = new Map<string, Set<(event: never) => void>>();

  tell<Type extends keyof RoomEvents>(type: Type, event: RoomEvents[Type]): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  async older(limit = 50): Promise<readonly Message[]> {
    if (this.broken) throw new ChorusError('network', 'no answer', true);
    return this.past.splice(-limit);
  }

  async history(): Promise<never> {
    throw new Error('not asked for');
  }

  async send(): Promise<never> {
    throw new ChorusError('too_big', 'the message is too large');
  }

  async perform(): Promise<never> {
    throw new Error('not asked for');
  }

  leave(): void {
    this.left = true;
  }

  joined = async (): Promise<void> => {};
  retry = (): void => {};
  discard = (): void => {};
  typing = (): void => {};
  messages = (): never => {
    throw new Error('not asked for');
  };
}

const contents = ({ messages }: Conversation): string[] => messages.value.map(({ content }) => content);
const past = (from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index, BEN));

describe('a conversation', () => {
  let room: ToldRoom;
  let kept: Map<string, string>;
  let store: Store;
  const open = (): Conversation => new Conversation(room, ADA, new Memory(store, ADA.id));

  beforeEach(() => {
    room = new ToldRoom();
    kept = new Map();
    store = {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
  });

  it('joins older messages to live ones', async () => {
    room.past = past(1, 60);
    const conversation = open();
    room.tell('message', message(61, BEN));
    await conversation.begin();
    expect([contents(conversation).length, contents(conversation)[0]]).to.deep.equal([51, 'message 11']);
    await conversation.readOlder();
    expect(conversation.history.value).to.equal('idle');
    await conversation.readOlder();
    expect(conversation.history.value).to.equal('complete');
    expect(contents(conversation)).to.deep.equal([...past(1, 61)].map(({ content }) => content));
  });

  it('can retry reading older messages after a failure', async () => {
    room.past = past(1, 3);
    room.broken = true;
    const conversation = open();
    await conversation.begin();
    expect(conversation.history.value).to.equal('failed');
    room.broken = false;
    await conversation.readOlder();
    expect(contents(conversation)).to.have.length(3);
  });

  it("counts others' messages as unread while it is not in view, also if the page was closed meanwhile", async () => {
    room.past = past(1, 3);
    const conversation = open();
    await conversation.begin();
    expect(conversation.unread.value.count, 'what was said before one came').to.equal(0);
    room.tell('message', message(4, BEN));
    room.tell('message', message(5, ADA));
    expect(conversation.unread.value.count).to.equal(1);

    room.past = past(1, 8);
    const again = open();
    await again.begin();
    expect(again.unread.value.count).to.equal(5);
    again.enter();
    again.watch(true);
    expect(again.unread.value.count).to.equal(0);
    expect(again.rows.value.map(({ kind }) => kind)).to.include('unread');
    room.tell('message', message(9, BEN));
    expect(again.unread.value.count, 'seen at once').to.equal(0);
    again.watch(false);
    room.tell('message', message(10, BEN));
    expect(again.unread.value.count).to.equal(1);
  });

  it('counts the first message of an empty room', async () => {
    const conversation = open();
    await conversation.begin();
    room.tell('message', message(1, BEN));
    expect(conversation.unread.value.count).to.equal(1);
  });

  it("shows one of the user's own messages in one line, from writing until it is stored", () => {
    const conversation = open();
    const states = (): string[] =>
      conversation.rows.value.flatMap((row) => (row.kind === 'message' ? String(row.entry.state) : []));
    const seen: string[][] = [];
    for (const step of ['queued', 'sending', 'arrived', 'sent', 'stored'] as const) {
      if (step === 'arrived') room.tell('message', message(1, ADA, { clientMsgId: 'a' }));
      else room.tell('delivery', delivery('a', step));
      seen.push(states());
    }
    expect(seen).to.deep.equal([['queued'], ['sending'], ['sent'], ['sent'], ['sent']]);
    expect(conversation.waiting).to.equal(false);
  });

  it('keeps a failed message until it is discarded, and throws nothing', () => {
    const conversation = open();
    conversation.send('x');
    const error = new ChorusError('too_big', 'the message is too large');
    room.tell('delivery', { ...delivery('a', 'failed'), error });
    const [, row] = conversation.rows.value;
    expect(row?.kind === 'message' && row.entry.error).to.equal(error);
    conversation.discard('a');
    expect(conversation.rows.value).to.deep.equal([]);
  });

  it('shows where messages are missing', () => {
    const conversation = open();
    room.tell('message', message(1, BEN));
    const error = new ChorusError('unavailable', 'away', true);
    room.tell('gap', { from: message(1, BEN), to: message(5, BEN), error });
    room.tell('message', message(6, BEN));
    expect(conversation.rows.value.map(({ kind }) => kind)).to.deep.equal([
      'day',
      'message',
      'gap',
      'message',
    ]);
  });

  it('shows why it has ended, and ignores events once it is closed', () => {
    const conversation = open();
    room.status = 'left';
    room.leftReason = 'deleted';
    room.tell('status', 'left');
    expect([conversation.status.value, conversation.leftReason.value]).to.deep.equal(['left', 'deleted']);
    conversation.close(true);
    room.tell('message', message(1, BEN));
    expect([room.left, contents(conversation)]).to.deep.equal([true, []]);
  });
});
