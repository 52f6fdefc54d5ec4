import type { Position } from '@chorus/protocol/constants';
import { ChorusError } from '../chorus-error.js';
import { Emitter } from '../emitter.js';
import type { HistoryPage, RoomHistoryQuery } from '../options.js';
import { Pending } from '../pending.js';
import { placeOf } from '../places.js';
import type { Change, Delivery, LeftReason, Member, Message, RoomStatus, SentMessage } from '../types.js';
import { streamMessages } from './message-stream.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import type { ChangeOptions, Fallback, MessageOperation, Room, RoomEvents, SendOptions } from './room.js';
import type { ErrorFrame, RoomFrame } from './room-frame.js';
import type { RoomHost } from './room-host.js';
import { Timeline, type TimelineRoom } from './timeline.js';

/** A {@link Room}, plus what its client and its parts tell it. */
export class LiveRoom extends Emitter<RoomEvents> implements Room, TimelineRoom {
  status: RoomStatus = 'joining';
  leftReason: LeftReason | undefined;
  readonly pending: Pending;
  readonly #timeline: Timeline;
  readonly #outbox = new Outbox(this);
  readonly #people = new People(this);
  /** Why the client was closed, if not by the application. */
  #leftCause: ChorusError | undefined;
  #olderPages: Promise<unknown> = Promise.resolve();
  /** A join was sent and is not answered yet. */
  #entering = false;

  constructor(
    readonly id: number,
    since: Position | undefined,
    readonly host: RoomHost,
  ) {
    super();
    this.pending = new Pending(host);
    this.#timeline = new Timeline(this, since);
  }

  get position(): Position | undefined {
    return this.#timeline.position;
  }

  get deliveries(): readonly Delivery[] {
    return this.#outbox.deliveries;
  }

  get typists(): readonly Member[] {
    return this.#people.typists;
  }

  get members(): readonly Member[] {
    return this.#people.members;
  }

  override on<Type extends keyof RoomEvents>(
    type: Type,
    listener: (event: RoomEvents[Type]) => void,
  ): () => void {
    if (type === 'members') this.#people.watch();
    return super.on(type, listener);
  }

  async joined(): Promise<void> {
    while (this.status !== 'joined') {
      if (this.status === 'left') throw this.#leftError();
      await new Promise<void>((resolve) => {
        const off = this.on('status', () => {
          off();
          resolve();
        });
      });
    }
  }

  send(content: string, options: SendOptions = {}): Promise<SentMessage> {
    const { mentions, data, replyTo } = options;
    return this.#add(
      { type: 'publish', content, mentions, replyTo: replyTo && placeOf(replyTo), data },
      options,
    );
  }

  async perform(
    operation: MessageOperation,
    options: ChangeOptions = {},
    fallback?: Fallback,
  ): Promise<void> {
    await this.#add({ ...operation, target: placeOf(operation.target) }, options, fallback);
  }

  retry(clientMsgId: string): void {
    if (this.status !== 'left') this.#outbox.retry(clientMsgId);
  }

  discard(clientMsgId: string): void {
    this.#outbox.discard(clientMsgId);
  }

  async history(query: RoomHistoryQuery): Promise<HistoryPage> {
    return this.host.api.messages(this.id, query);
  }

  messages({ buffer = 10_000 }: { buffer?: number } = {}): AsyncIterableIterator<Message> {
    return streamMessages(this, buffer);
  }

  typing(): void {
    if (this.status === 'joined') this.#people.type();
  }

  older(limit = 50): Promise<readonly Message[]> {
    // One after the other: two concurrent calls get two different pages.
    const page = this.#olderPages.then(() => this.#timeline.older(limit, () => this.joined()));
    this.#olderPages = page.catch(() => {});
    return page;
  }

  leave(): void {
    if (this.status === 'left') return;
    this.host.send(() => ({ type: 'leave', roomId: this.id }));
    this.end('left');
  }

  /** The client is connected: joins the room. */
  up(): void {
    if (this.#entering) return;
    this.#entering = true;
    const wanted = this.pending.wanted();
    this.host.send(() => (wanted() ? { type: 'join', roomId: this.id, since: this.position } : undefined));
  }

  /** The connection has ended: pending frames will not be answered. */
  down(): void {
    this.#interrupt();
    this.become('joining');
  }

  /** Leaves the room for good. */
  end(reason: LeftReason, cause?: ChorusError): void {
    if (this.status === 'left') return;
    this.#leftCause = cause;
    // First, so that listeners of the following events find a left room.
    this.leftReason = reason;
    this.status = 'left';
    this.#interrupt();
    this.#outbox.fail(this.#leftError());
    this.emit('status', 'left');
  }

  /** Handles a frame about this room. */
  received(frame: RoomFrame): void {
    switch (frame.type) {
      case 'message':
      case 'change':
        // Frames before the join is answered belong to the time before the room was left.
        if (this.status !== 'joining') this.#timeline.received(frame);
        break;
      case 'room-joined':
        this.pending.failures = 0;
        this.#entering = false;
        this.#outbox.stored(frame.stored);
        this.#timeline.entered(frame, frame.recovered);
        break;
      case 'room-left':
        // A `left` answers the application's own leave, and the application may have joined again since.
        if (frame.reason !== 'left') this.end(frame.reason);
        break;
      case 'room-renamed':
        this.emit('renamed', frame.name);
        break;
      case 'ack':
        this.pending.failures = 0;
        this.#outbox.acked(frame.clientMsgId, frame);
        break;
      case 'stored':
        this.#outbox.stored(frame);
        break;
      case 'read':
        this.emit('read', { userId: frame.userId, position: placeOf(frame), unread: !!frame.unread });
        break;
      case 'history-lost':
        this.#timeline.lost(frame.to, frame.recoverable);
        break;
      case 'joined':
      case 'left':
      case 'typing':
      case 'presence':
        this.#people.received(frame);
        break;
      case 'error':
        this.#refused(frame);
        break;
      default:
        // Newer gateways may send other frames.
        frame satisfies never;
    }
  }

  deliver(entry: Message | Change): void {
    if (entry.type === 'message' || entry.change !== 'erased') {
      const { userId, clientMsgId } = entry;
      if (clientMsgId && userId === this.host.user?.id) this.#outbox.acked(clientMsgId, entry);
      this.#people.stopped(userId);
    }
    if (entry.type === 'message') this.emit('message', entry);
    else this.emit('change', entry);
  }

  lost(from: Position, to: Position, error = new ChorusError('history_lost')): void {
    this.#outbox.messagesMissed();
    this.emit('gap', { from, to: placeOf(to), error });
  }

  caughtUp(): void {
    this.become('joined');
    if (this.status !== 'joined') return;
    this.#people.read();
    this.#outbox.start();
  }

  become(status: RoomStatus): void {
    if (this.status === status || this.status === 'left') return;
    this.status = status;
    this.emit('status', status);
  }

  #refused({ request, code, error, retry, clientMsgId }: ErrorFrame): void {
    if (request === 'join') {
      this.#entering = false;
      if (retry) this.pending.retry(() => this.up());
      else this.end(code);
    } else if (request === 'presence') {
      if (retry) this.pending.retry(() => this.#people.read());
    } else if (clientMsgId !== undefined) {
      // Gateways do not name the type of a frame that they do not know.
      this.#outbox.refused(clientMsgId, new ChorusError(code, error, code === 'not_joined' || retry));
    }
  }

  #add(...draft: Parameters<Outbox['add']>): Promise<SentMessage> {
    return this.status === 'left' ? Promise.reject(this.#leftError()) : this.#outbox.add(...draft);
  }

  #interrupt(): void {
    this.pending.cancelAll();
    this.#entering = false;
    this.#timeline.interrupted();
    this.#people.interrupted();
    this.#outbox.interrupted();
  }

  #leftError(): ChorusError {
    const cause = this.#leftCause;
    const code = cause?.code ?? (this.leftReason === 'closed' ? 'closed' : 'left');
    const message = `not in room ${this.id}: ${cause?.message ?? this.leftReason}`;
    return new ChorusError(code, message, false, { cause, status: cause?.status });
  }
}
