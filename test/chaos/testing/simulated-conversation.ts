import {
  type CurrentMessage,
  fold,
  formatPosition,
  isAfter,
  type MadeChange,
  type MessageFrame,
  newMessage,
  type Position,
} from '@chorus/protocol';
import { createPrng, type Prng } from '@chorus/testing';
import { type Draft, newDraft } from '../conversations/draft.js';
import { marked } from '../conversations/marks.js';
import { viewed } from '../conversations/viewed.js';
import type { Action, Entry } from '../history/conversation.js';

export const ROOM = 7;
/** Owner of the room; the talkers are 2 and 3. */
export const OWNER = 1;
export const MOVER = 4;
export const OUTSIDER = 5;

const STEADY = [OWNER, 2, 3];
const STEP_MS = 100;
const EPOCH = 1_000;
const GROWN = 4;

type WithoutStart<Change> = Change extends MadeChange
  ? Omit<Change, 'type' | 'epoch' | 'seq' | 'roomId' | 'userId' | 'username' | 'id' | 'sentAt'>
  : never;

/** Returns a conversation in a private room without a violation, which tests can change. */
export function simulateConversation(seed = 1, steps = 300): Draft {
  return new ConversationSimulation(createPrng(seed)).run(steps);
}

class ConversationSimulation {
  readonly #draft = newDraft(ROOM, 'private');
  readonly #messages = new Map<string, CurrentMessage>();
  readonly #growing = new Set<string>();
  readonly #entries: Entry[] = [];
  #epoch = EPOCH;
  #seq = 0;
  #now = 1_000;
  #ids = 0;
  #marks = 0;
  readonly #read = new Map<number, Position>();
  #isMember = false;
  /** Number of entries that the mover has. */
  #seen = 0;

  constructor(private readonly prng: Prng) {
    for (const userId of STEADY) {
      this.#draft.memberships.push({ type: 'add', userId, startedAt: 0, doneAt: 0 });
    }
  }

  run(steps: number): Draft {
    this.#send(2);
    for (let step = 0; step < steps; step++) this.#step();
    // What every kind of violation needs.
    if (!this.#isMember) this.#move();
    this.#send(2);
    this.#move();
    this.#send(3);
    this.#readInbox(OWNER);
    const last = this.#send(2);
    this.#edit(last);
    this.#delete(last);
    this.#move();
    return this.#end();
  }

  #step(): void {
    this.#now += STEP_MS;
    const { prng } = this;
    const luck = prng.next();
    if (luck < 0.02) this.#begin();
    else if (luck < 0.12) this.#move();
    else if (luck < 0.4) this.#send(prng.pick(STEADY));
    else if (luck < 0.45) this.#grow(prng.pick(STEADY));
    else if (luck < 0.47) this.#readPage();
    else if (luck < 0.5) this.#readInbox(prng.pick(STEADY));
    else this.#change(luck);
  }

  #change(luck: number): void {
    const message = this.prng.pick([...this.#messages.values()]);
    if (message.deleted !== undefined || this.#growing.has(formatPosition(message))) return;
    if (luck < 0.65) this.#edit(message);
    else if (luck < 0.7) this.#delete(message);
    else if (luck < 0.8) this.#append(message);
    else {
      const change = luck < 0.93 ? ('reacted' as const) : ('unreacted' as const);
      const target = placeOf(message);
      this.#publish(this.prng.pick(STEADY), { change, target, reaction: this.prng.pick(['a', 'b']) });
    }
  }

  /** Redis was restarted. */
  #begin(): void {
    this.#epoch += 1_000;
    this.#seq = 0;
  }

  #move(): void {
    this.#now += STEP_MS;
    const startedAt = this.#now;
    const type = this.#isMember ? ('remove' as const) : ('add' as const);
    const doneAt = this.#now + 20;
    this.#draft.memberships.push({ type, userId: MOVER, startedAt, doneAt });
    if (!this.#isMember) this.#isMember = true;
    const member = { id: MOVER, username: 'mover' };
    const change = type === 'add' ? ('member-added' as const) : ('member-removed' as const);
    const missed = this.#entries.slice(this.#seen);
    if (type === 'add') {
      for (const entry of missed) this.#receive(MOVER, entry, 5);
      this.#draft.glimpses.push({
        ...{ at: this.#now + 3, askedAt: this.#now + 1, userId: MOVER, by: 'mover/0', what: 'room-joined' },
      });
    }
    this.#publish(OWNER, { change, member });
    this.#isMember = type === 'add';
    this.#now += 30;
  }

  #send(userId: number): CurrentMessage {
    this.#now += STEP_MS;
    const mark = ++this.#marks;
    const reply =
      this.prng.next() < 0.3 ? this.prng.pick([undefined, ...this.#messages.values()]) : undefined;
    const action = this.#act(userId, 'send', mark);
    const entry: MessageFrame = {
      ...{ type: 'message', ...this.#next(), roomId: ROOM, userId, username: `user-${userId}` },
      ...{
        id: `id-${++this.#ids}`,
        content: marked(mark),
        sentAt: this.#now,
        clientMsgId: action.clientMsgId,
      },
      ...(reply === undefined ? {} : { replyTo: placeOf(reply) }),
      ...(this.prng.next() < 0.2 ? { data: { note: marked(mark) }, mentions: [2] } : {}),
    };
    return this.#deliver(entry);
  }

  #grow(userId: number): void {
    const mark = ++this.#marks;
    const at = this.#now;
    const message = this.#deliver({
      ...{ type: 'message', ...this.#next(), roomId: ROOM, userId, username: `user-${userId}` },
      ...{
        id: `id-${++this.#ids}`,
        content: `${marked(mark)} `,
        sentAt: this.#now,
        clientMsgId: `g-${mark}`,
      },
    });
    this.#growing.add(formatPosition(message));
    for (let piece = 1; piece < GROWN; piece++) {
      this.#publish(userId, {
        ...{ change: 'appended', target: placeOf(message), text: `${marked(mark, piece)} ` },
        clientMsgId: `g-${mark}-${piece}`,
      });
    }
    this.#draft.growths.push({ at, endedAt: this.#now, outcome: 'acked', userId, mark, pieces: GROWN });
  }

  #edit(message: CurrentMessage): void {
    const mark = ++this.#marks;
    const { clientMsgId } = this.#act(message.userId, 'edit', mark, message);
    const target = placeOf(message);
    this.#publish(message.userId, { change: 'edited', target, content: marked(mark), clientMsgId });
  }

  #append(message: CurrentMessage): void {
    const mark = ++this.#marks;
    const { clientMsgId } = this.#act(message.userId, 'append', mark, message);
    const target = placeOf(message);
    this.#publish(message.userId, { change: 'appended', target, text: marked(mark), clientMsgId });
  }

  /** In half of the cases an edit overtakes the deletion that its author does not know. */
  #delete(message: CurrentMessage): void {
    const { clientMsgId } = this.#act(2, 'delete', undefined, message);
    const { userId: id, username, seq, sentAt: originalSentAt } = message;
    const author = { id, username };
    const target = placeOf(message);
    this.#publish(2, { change: 'deleted', target, author, n: seq, originalSentAt, clientMsgId });
    if (this.prng.next() < 0.5) this.#append(message);
  }

  #readPage(): void {
    const userId = this.#isMember ? MOVER : OWNER;
    const messages = [...this.#messages.values()].slice(-20).map((message) => viewed(message, userId));
    this.#draft.pages.push({ at: this.#now + 2, askedAt: this.#now, userId, messages });
  }

  /** In half of the cases the user has marked what there is as read before. */
  #readInbox(userId: number): void {
    const position = placeOf(this.#entries.at(-1) as Entry);
    if (this.prng.next() < 0.5) {
      this.#draft.reads.push({ at: this.#now, userId, position });
      this.#draft.readsDone.push({ at: this.#now + 1, userId, position });
      this.#read.set(userId, position);
    }
    const read = this.#read.get(userId);
    const news = [...this.#messages.values()].filter(
      (message) => message.deleted === undefined && (read === undefined || isAfter(message, read)),
    );
    const mentions = news.filter(
      (message) => message.userId !== userId && message.mentions?.includes(userId),
    );
    const counts = { n: this.#messages.size, unread: news.length, mentions: mentions.length };
    const times = { at: this.#now + 5, askedAt: this.#now + 4 };
    this.#draft.inboxes.push({ ...times, userId, position, read, ...counts });
  }

  #act(userId: number, kind: Action['kind'], mark: number | undefined, target?: Position): Action {
    const action: Action = {
      ...{
        kind,
        at: this.#now,
        endedAt: this.#now + 5,
        outcome: 'acked',
        userId,
        clientMsgId: `c-${++this.#ids}`,
      },
      ...(mark === undefined ? {} : { mark }),
      ...(target === undefined ? {} : { target: placeOf(target) }),
    };
    this.#draft.actions.push(action);
    this.#now += 6;
    return action;
  }

  #publish(userId: number, change: WithoutStart<MadeChange>): void {
    const start = {
      type: 'change',
      ...this.#next(),
      roomId: ROOM,
      userId,
      username: `user-${userId}`,
    } as const;
    this.#deliver({ ...start, id: `id-${++this.#ids}`, sentAt: this.#now, ...change } as MadeChange);
  }

  #deliver(entry: Entry): CurrentMessage {
    this.#entries.push(entry);
    for (const [place, message] of this.#messages) this.#messages.set(place, fold(message, entry));
    if (entry.type === 'message') {
      this.#messages.set(formatPosition(entry), newMessage(entry));
      this.#read.set(entry.userId, placeOf(entry));
    }
    for (const userId of STEADY) this.#receive(userId, entry, userId);
    if (this.#isMember) this.#receive(MOVER, entry, 4);
    return this.#messages.get(formatPosition(entry)) as CurrentMessage;
  }

  #receive(userId: number, entry: Entry, afterMs: number): void {
    this.#draft.receipts.push({ at: this.#now + afterMs, userId, by: `socket of ${userId}`, entry });
    if (userId === MOVER) this.#seen = this.#entries.length;
  }

  #next(): Position {
    return { epoch: this.#epoch, seq: ++this.#seq };
  }

  #end(): Draft {
    for (const userId of STEADY) {
      const seen = (): ReturnType<typeof viewed>[] =>
        [...this.#messages.values()].map((message) => viewed(message, userId));
      this.#draft.histories.push({ userId, by: `the history of user ${userId}`, messages: seen() });
      this.#draft.lists.push({ userId, by: `the list of user ${userId}`, messages: seen() });
    }
    for (const { content } of this.#messages.values()) {
      const [, mark] = /mark-(\d+)/.exec(content) ?? [];
      if (mark !== undefined) this.#draft.found.push({ mark: Number(mark), where: 'the table messages' });
    }
    return this.#draft;
  }
}

function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
