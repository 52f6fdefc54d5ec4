import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import type { ClientFrame, V1ServerFrame } from '@chorus/protocol/types';
import { fullJitter } from './backoff.js';
import { catchUp } from './catch-up.js';
import { ChorusError } from './chorus-error.js';
import { Emitter } from './emitter.js';
import { Members } from './members.js';
import { MessageStream } from './message-stream.js';
import { Outbox } from './outbox.js';
import type { Room, RoomEvents, SendOptions } from './room.js';
import type { RoomHost } from './room-host.js';
import type { Delivery, LeftReason, Member, Message, RoomStatus, SentMessage } from './types.js';
import { Typists } from './typists.js';

type Frame<Type extends V1ServerFrame['type']> = Extract<V1ServerFrame, { type: Type }>;

/** How often the user may be said to type, in milliseconds. */
const TYPING_EVERY_MS = 1_000;
/** More live messages than that do not wait until what was missed is there: they are read from the history as well. */
const MOST_HELD = 5_000;
/** Whether messages are stored is asked for after an interruption, less and less often. */
const STORED_AFTER_MS = 5_000;
const STORED_RARELY_MS = 60_000;

/** A {@link Room}, and what its client has to tell it. */
export class LiveRoom implements Room {
  readonly #host: RoomHost;
  readonly #events = new Emitter<RoomEvents>();
  readonly #outbox: Outbox;
  readonly #members: Members;
  readonly #typists: Typists;
  readonly #streams = new Set<MessageStream>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #status: RoomStatus = 'joining';
  #leftReason: LeftReason | undefined;
  /** The last message delivered, or where the room stood. */
  #position: Position | undefined;
  /** Where the room stood when it was entered, as long as not everything up to there has been delivered. */
  #target: Position | undefined;
  /** What is said while what was missed is read from the history. */
  #held: Message[] | undefined;
  /** Everything before it was not delivered here. */
  #oldest: Position | undefined;
  #olderPages: Promise<unknown> = Promise.resolve();
  /** Changes whenever the connection, or the room, is gone. */
  #turn = 0;
  #refusals = 0;
  /** What was refused waits until it may be sent again. */
  #pausing = false;
  /** The next message waits for its place among the frames that are sent. */
  #scheduled = false;
  #asksStored = false;
  /** It was asked to be let in, and there is no answer. */
  #entering = false;
  #wantsMembers = false;
  #typedAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly id: number,
    since: Position | undefined,
    host: RoomHost,
  ) {
    this.#host = host;
    this.#position = since;
    this.#outbox = new Outbox({
      roomId: id,
      send: () => this.#sendNext(),
      onChange: (delivery) => this.#events.emit('delivery', delivery),
      nextMessageId: () => host.nextMessageId(),
    });
    this.#members = new Members({
      ask: (after) => host.send(() => ({ type: 'presence', roomId: id, after }), true),
      onChange: (members) => this.#events.emit('members', members),
    });
    this.#typists = new Typists((typists) => this.#events.emit('typing', typists));
  }

  get status(): RoomStatus {
    return this.#status;
  }

  get leftReason(): LeftReason | undefined {
    return this.#leftReason;
  }

  get position(): Position | undefined {
    const position = this.#position;
    return position && { epoch: position.epoch, seq: position.seq };
  }

  get deliveries(): readonly Delivery[] {
    return this.#outbox.deliveries;
  }

  get typists(): readonly Member[] {
    return this.#typists.list;
  }

  get members(): readonly Member[] {
    this.#watchMembers();
    return this.#members.list;
  }

  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void {
    if (type === 'members') this.#watchMembers();
    return this.#events.on(type, listener);
  }

  async joined(): Promise<void> {
    if (this.#status === 'joined') return;
    if (this.#status === 'left') throw this.#leftError();
    await new Promise<void>((resolve, reject) => {
      const off = this.on('status', (status) => {
        if (status === 'left') reject(this.#leftError());
        else if (status === 'joined') resolve();
        else return;
        off();
      });
    });
  }

  send(content: string, options: SendOptions = {}): Promise<SentMessage> {
    return this.#status === 'left' ? Promise.reject(this.#leftError()) : this.#outbox.add(content, options);
  }

  retry(clientMsgId: string): void {
    if (this.#status !== 'left') this.#outbox.retry(clientMsgId);
  }

  discard(clientMsgId: string): void {
    this.#outbox.discard(clientMsgId);
  }

  messages({ buffer = 10_000 }: { buffer?: number } = {}): AsyncIterableIterator<Message> {
    const stream = new MessageStream(buffer, (ended) => this.#streams.delete(ended));
    this.#streams.add(stream);
    if (this.#status === 'left') stream.end();
    return stream;
  }

  typing(): void {
    const now = performance.now();
    if (this.#status !== 'joined' || now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#host.send(() => ({ type: 'typing', roomId: this.id }));
  }

  older(limit = 50): Promise<readonly Message[]> {
    // One after the other: two who ask at the same time get two pages.
    const page = this.#olderPages.then(() => this.#readOlder(limit));
    this.#olderPages = page.catch(() => {});
    return page;
  }

  leave(): void {
    if (this.#status === 'left') return;
    this.#host.send(() => ({ type: 'leave', roomId: this.id }));
    this.end('left');
  }

  /** There is a connection: enters the room. */
  up(): void {
    if (this.#entering) return;
    this.#entering = true;
    const turn = this.#turn;
    this.#host.send(() =>
      turn === this.#turn ? { type: 'join', roomId: this.id, since: this.position } : undefined,
    );
  }

  /** The connection is gone, with every answer that it owed. */
  down(): void {
    this.#interrupt();
    this.#become('joining');
  }

  /** Out of the room, for good. */
  end(reason: LeftReason): void {
    if (this.#status === 'left') return;
    // First: whoever hears of what follows finds a room that was left.
    this.#leftReason = reason;
    this.#status = 'left';
    this.#interrupt();
    this.#outbox.fail(this.#leftError());
    for (const stream of this.#streams) stream.end();
    this.#events.emit('status', 'left');
  }

  entered({ epoch, seq, recovered, stored }: Frame<'room-joined'>): void {
    const target = { epoch, seq };
    const turn = ++this.#turn;
    this.#refusals = 0;
    this.#entering = false;
    this.#outbox.stored(stored);
    this.#oldest ??= next(this.#position ?? target);
    this.#held = undefined;
    if (this.#position === undefined) {
      this.#position = target;
      this.#caughtUp();
    } else if (recovered) {
      // Everything up to there follows; a position before the first message is none of a message.
      this.#target = target;
      if (seq === 0 || !isAfter(target, this.#position)) this.#caughtUp();
      else this.#become('catching-up');
    } else {
      this.#target = target;
      this.#held = [];
      this.#become('catching-up');
      this.#readMissed(turn);
    }
  }

  received(message: Message): void {
    const held = this.#held;
    if (held === undefined) {
      // Nothing comes before the room is entered but what was under way when it was left.
      if (this.#status !== 'joining') this.#deliver(message);
    } else if (held.length < MOST_HELD) {
      held.push(message);
    } else {
      this.#target = message;
      this.#held = [];
    }
  }

  acked({ clientMsgId, epoch, seq }: Frame<'ack'>): void {
    this.#refusals = 0;
    this.#outbox.acked(clientMsgId, { epoch, seq });
  }

  stored({ epoch, seq }: Frame<'stored'>): void {
    this.#outbox.stored({ epoch, seq });
  }

  cameOrWent({ type, userId: id, username }: Frame<'joined' | 'left'>): void {
    if (type === 'joined') this.#members.came({ id, username });
    else {
      this.#members.went(id);
      this.#typists.stopped(id);
    }
  }

  isTyping({ userId: id, username }: Frame<'typing'>): void {
    if (id !== this.#host.user?.id) this.#typists.typing({ id, username });
  }

  membersPage({ members, next }: Frame<'presence'>): void {
    this.#members.page(members, next);
  }

  refused({ request, code, error, retry, clientMsgId }: Frame<'error'>): void {
    if (request === 'join') {
      this.#entering = false;
      if (!retry) this.end(code);
      else this.#later(this.#pause(), () => this.up());
    } else if (request === 'presence') {
      this.#members.interrupted();
      if (retry) this.#later(this.#pause(), () => this.#readMembers());
    } else if (request === 'publish' && clientMsgId !== undefined) {
      const again = code === 'not_joined' || retry;
      if (!this.#outbox.refused(clientMsgId, new ChorusError(code, error, again))) return;
      if (code === 'not_joined') {
        this.down();
        this.up();
        return;
      }
      this.#pausing = true;
      this.#later(this.#pause(), () => {
        this.#pausing = false;
        this.#sendNext();
      });
    }
  }

  #deliver(message: Message): void {
    const position = this.#position;
    if (position !== undefined && !isAfter(message, position)) return;
    this.#position = message;
    const { userId, clientMsgId } = message;
    if (clientMsgId !== undefined && userId === this.#host.user?.id) {
      this.#outbox.acked(clientMsgId, { epoch: message.epoch, seq: message.seq });
    }
    this.#typists.stopped(userId);
    this.#events.emit('message', message);
    if (this.#streams.size > 0) for (const stream of this.#streams) stream.push(message);
    if (this.#target !== undefined && this.#held === undefined && !isAfter(this.#target, message))
      this.#caughtUp();
  }

  async #readMissed(turn: number): Promise<void> {
    const wanted = (): boolean => turn === this.#turn;
    const nowhere = { epoch: 0, seq: 0 };
    const error = await catchUp({
      ...{ roomId: this.id, host: this.#host, wanted },
      wait: (ms) => new Promise((resolve) => this.#later(ms, resolve)),
      position: () => this.#position ?? nowhere,
      target: () => this.#target ?? nowhere,
      deliver: (message) => this.#deliver(message),
    });
    if (!wanted()) return;
    const [from, to] = [this.position, this.#target];
    if (from !== undefined && to !== undefined && isAfter(to, from)) {
      this.#position = to;
      if (error !== undefined) {
        this.#outbox.doubted();
        this.#events.emit('gap', { from, to: { epoch: to.epoch, seq: to.seq }, error });
      }
    }
    for (const message of this.#held ?? []) if (wanted()) this.#deliver(message);
    if (wanted()) this.#caughtUp();
  }

  #caughtUp(): void {
    this.#held = undefined;
    this.#target = undefined;
    this.#become('joined');
    if (this.#status !== 'joined') return;
    this.#readMembers();
    this.#sendNext();
    if (!this.#asksStored) this.#askStored(STORED_AFTER_MS);
  }

  /** Only the connection over which something was said is told when it is stored. Joining once more tells it, too. */
  #askStored(ms: number): void {
    this.#asksStored = this.#outbox.awaitsStored;
    if (!this.#asksStored) return;
    this.#later(ms, () => {
      if (this.#status === 'joined' && this.#outbox.awaitsStored) this.up();
      this.#askStored(Math.min(ms * 2, STORED_RARELY_MS));
    });
  }

  #sendNext(): void {
    if (this.#status !== 'joined' || this.#pausing || this.#scheduled) return;
    this.#scheduled = true;
    this.#host.send(() => {
      this.#scheduled = false;
      return this.#status === 'joined' && !this.#pausing ? this.#publishFrame() : undefined;
    });
  }

  #publishFrame(): ClientFrame | undefined {
    const draft = this.#outbox.next();
    if (draft === undefined) return undefined;
    const { clientMsgId, content } = draft;
    const frame: ClientFrame = { type: 'publish', roomId: this.id, clientMsgId, content };
    if (!isLarger(frame, content, this.#host.maxFrameBytes)) return frame;
    this.#outbox.refused(clientMsgId, new ChorusError('too_big', 'the message is too long'));
    return undefined;
  }

  async #readOlder(limit: number): Promise<readonly Message[]> {
    if (this.#oldest === undefined) await this.joined();
    const before = this.#oldest;
    if (before === undefined) return [];
    const { messages } = await this.#host.history.messages(this.id, {
      before: formatPosition(before),
      limit,
    });
    this.#oldest = messages[0] ?? before;
    return messages;
  }

  #watchMembers(): void {
    if (this.#wantsMembers) return;
    this.#wantsMembers = true;
    if (this.#status === 'joined') this.#readMembers();
  }

  #readMembers(): void {
    if (this.#wantsMembers) this.#members.read();
  }

  #interrupt(): void {
    this.#turn++;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#pausing = false;
    this.#scheduled = false;
    this.#asksStored = false;
    this.#entering = false;
    this.#held = undefined;
    this.#target = undefined;
    this.#members.interrupted();
    this.#typists.clear();
    this.#outbox.interrupted();
  }

  #leftError(): ChorusError {
    const reason = this.#leftReason;
    const code = reason === 'closed' ? 'closed' : 'left';
    return new ChorusError(code, `not in room ${this.id} any more: ${reason}`);
  }

  #pause(): number {
    return fullJitter(this.#refusals++, this.#host.backoff, () => this.#host.random());
  }

  /** Unless the connection, or the room, is gone before. */
  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #become(status: RoomStatus): void {
    if (this.#status === status || this.#status === 'left') return;
    this.#status = status;
    this.#events.emit('status', status);
  }
}

/** Whether the frame takes more bytes than that; a gateway would end the connection. */
function isLarger(frame: ClientFrame, content: string, bytes: number): boolean {
  // A character takes at most six bytes of JSON, everything else less than 200.
  if (content.length * 6 + 200 < bytes) return false;
  return new TextEncoder().encode(JSON.stringify(frame)).length > bytes;
}

/** The place behind it. */
function next({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}
