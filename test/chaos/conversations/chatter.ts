import { setTimeout as sleep } from 'node:timers/promises';
import {
  append,
  ChorusError,
  type CurrentMessage,
  deleteMessage,
  edit,
  type Position,
  type Room,
  react,
  sendStream,
  unreact,
} from '@chorus/client';
import type { Prng } from '@chorus/testing';
import type { Action, Growth } from '../history/conversation.js';
import type { Draft, Records } from './draft.js';
import { marked } from './marks.js';
import type { Talker } from './talker.js';

const TICK_MS = 20;
/** A talker with this number of unanswered messages waits, as people do. */
const MOST_UNANSWERED = 8;
/** Newest messages of which most changes are; the others are of any age. */
const RECENT = 15;
const REACTIONS = ['👍', '🎉', 'seen'];
const PIECES = [5, 25] as const;
const PIECE_MS = [5, 60] as const;

/** One member in one room. */
interface Place {
  readonly talker: Talker;
  readonly room: Room;
  readonly draft: Draft;
  readonly messages: readonly CurrentMessage[];
}

/** Members who send, reply, mention, edit, append, react and delete at a steady rate, whether their gateways work or not. */
export class Chatter {
  #timer: NodeJS.Timeout | undefined;
  #marks = 0;
  #ids = 0;
  /** Messages that grow piece by piece, which no member edits. */
  readonly #growing = new Set<string>();
  readonly #waiting = new Set<Promise<void>>();

  /** @param moderator deletes messages of the others */
  constructor(
    private readonly talkers: readonly Talker[],
    private readonly moderator: Talker,
    private readonly records: Records,
    private readonly prng: Prng,
  ) {}

  start(rate: number): void {
    const start = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now() - start;
      for (; due < (now / 1_000) * rate; due++) this.#act();
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Resolves when everything that was sent has a result. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  #act(): void {
    const talker = this.prng.pick(this.talkers);
    if (talker.unanswered >= MOST_UNANSWERED) return;
    const place = this.#placeOf(talker, this.prng.pick([...talker.rooms.keys()]));
    const luck = this.prng.next();
    if (luck < 0.45) this.#send(place);
    else if (luck < 0.6) this.#change(place, (own) => this.#edit(place, own));
    else if (luck < 0.75) this.#react(place);
    else if (luck < 0.85) this.#grow(place);
    else if (luck < 0.93) this.#change(place, (own) => this.#delete(place, own));
    else this.#race(place);
  }

  #placeOf(talker: Talker, roomId: number): Place {
    const { room, list } = talker.rooms.get(roomId) ?? {};
    const draft = this.records.of(roomId);
    if (room === undefined || list === undefined || draft === undefined) throw new Error(`no room ${roomId}`);
    return { talker, room, draft, messages: list.messages };
  }

  /** Recent messages mostly, and now and then one that the gateways no longer have. */
  #pick(place: Place, fits: (message: CurrentMessage) => boolean): CurrentMessage | undefined {
    const from = this.prng.next() < 0.8 ? place.messages.slice(-RECENT) : place.messages;
    const found = from.filter((message) => message.deleted === undefined && fits(message));
    return found.length === 0 ? undefined : this.prng.pick(found);
  }

  #change(place: Place, act: (own: CurrentMessage) => void): void {
    const own = this.#pick(place, ({ userId }) => userId === place.talker.userId);
    if (own !== undefined) act(own);
  }

  #send(place: Place): void {
    const { prng } = this;
    const mark = ++this.#marks;
    const reply = prng.next() < 0.25 ? this.#pick(place, () => true) : undefined;
    const mentions = prng.next() < 0.2 ? [prng.pick(this.talkers).userId] : undefined;
    const data = prng.next() < 0.2 ? { note: marked(mark) } : undefined;
    const content = `${marked(mark)} ${'words '.repeat(prng.between(0, 20))}`;
    this.#perform(place, { kind: 'send', mark }, (clientMsgId) =>
      place.room.send(content, { clientMsgId, mentions, data, replyTo: reply && placeOf(reply) }),
    );
  }

  #edit({ room, ...place }: Place, own: CurrentMessage): void {
    if (this.#growing.has(keyOf(room.id, own))) return;
    const mark = ++this.#marks;
    const target = placeOf(own);
    this.#perform({ room, ...place }, { kind: 'edit', mark, target }, (clientMsgId) =>
      edit(room, target, `${marked(mark)} is better`, { clientMsgId }),
    );
  }

  #append({ room, ...place }: Place, own: CurrentMessage): void {
    if (this.#growing.has(keyOf(room.id, own))) return;
    const mark = ++this.#marks;
    const target = placeOf(own);
    this.#perform({ room, ...place }, { kind: 'append', mark, target }, (clientMsgId) =>
      append(room, target, ` ${marked(mark)}`, { clientMsgId }),
    );
  }

  #react(place: Place): void {
    const message = this.#pick(place, () => true);
    if (message === undefined) return;
    const target = placeOf(message);
    const reaction = this.prng.pick(REACTIONS);
    const kind = this.prng.next() < 0.7 ? ('react' as const) : ('unreact' as const);
    const act = kind === 'react' ? react : unreact;
    this.#perform(place, { kind, target }, (clientMsgId) =>
      act(place.room, target, reaction, { clientMsgId }),
    );
  }

  #delete(place: Place, message: Position): void {
    const target = placeOf(message);
    this.#perform(place, { kind: 'delete', target }, (clientMsgId) =>
      deleteMessage(place.room, target, { clientMsgId }),
    );
  }

  /** A moderator deletes a message while its author still changes it. */
  #race(place: Place): void {
    if (!this.moderator.rooms.has(place.room.id)) return;
    this.#change(place, (own) => {
      const moderator = this.#placeOf(this.moderator, place.room.id);
      const acts = [
        () => this.#delete(moderator, own),
        () => this.#edit(place, own),
        () => this.#append(place, own),
        () => this.#append(place, own),
      ];
      for (const act of this.prng.shuffled(acts)) act();
    });
  }

  #grow({ talker, room, draft }: Place): void {
    const mark = ++this.#marks;
    const pieces = this.prng.between(...PIECES);
    const [at, userId] = [performance.now(), talker.userId];
    const growth: Growth = { at, endedAt: undefined, outcome: 'unknown', userId, mark, pieces };
    draft.growths.push(growth);
    const clientMsgId = this.#nextId();
    // The list shows it before its first ack arrives.
    const off = room.on('message', (message) => {
      if (message.clientMsgId === clientMsgId) this.#growing.add(keyOf(room.id, message));
    });
    this.#wait(talker, growth, async () => {
      await sendStream(room, this.#pieces(mark, pieces), { clientMsgId }).finally(off);
    });
  }

  async *#pieces(mark: number, pieces: number): AsyncGenerator<string, void> {
    for (let piece = 0; piece < pieces; piece++) {
      yield `${marked(mark, piece)} `;
      await sleep(this.prng.between(...PIECE_MS));
    }
  }

  #perform(
    { talker, draft }: Place,
    about: Pick<Action, 'kind' | 'target' | 'mark'>,
    send: (clientMsgId: string) => Promise<unknown>,
  ): void {
    const clientMsgId = this.#nextId();
    const [at, userId] = [performance.now(), talker.userId];
    const action: Action = { ...about, at, endedAt: undefined, outcome: 'unknown', userId, clientMsgId };
    draft.actions.push(action);
    this.#wait(talker, action, () => send(clientMsgId));
  }

  #wait(talker: Talker, result: Action | Growth, send: () => Promise<unknown>): void {
    talker.unanswered++;
    const done = send()
      .then(
        () => 'acked' as const,
        (error: unknown) => (error instanceof ChorusError && !error.retry ? 'failed' : 'unknown'),
      )
      .then((outcome) => {
        talker.unanswered--;
        result.outcome = outcome;
        result.endedAt = performance.now();
        this.#waiting.delete(done);
      });
    this.#waiting.add(done);
  }

  #nextId(): string {
    return `talk-${++this.#ids}`;
  }
}

function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}

function keyOf(roomId: number, { epoch, seq }: Position): string {
  return `${roomId}/${epoch}-${seq}`;
}
