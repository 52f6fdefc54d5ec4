import type { Position } from '@chorus/protocol/constants';
import { ChorusError } from '../chorus-error.js';
import { fullJitter } from '../connection/backoff.js';
import { Emitter } from '../emitter.js';
import type { HistoryPage, RoomHistoryQuery } from '../options.js';
import { placeOf } from '../places.js';
import type { Change, Delivery, LeftReason, Member, Message, RoomStatus, SentMessage } from '../types.js';
import { leftError } from './left-error.js';
import { streamMessages } from './message-stream.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import type { ChangeOptions, Fallback, MessageOperation, Room, RoomEvents, SendOptions } from './room.js';
import type { ErrorFrame, RoomFrame } from './room-frame.js';
import type { RoomHost } from './room-host.js';
import { watchStored } from './stored-watch.js';
import { Timeline } from './timeline.js';
import { Timers } from './timers.js';

/** A {@link Room}, plus what its client tells it. */
export class LiveRoom implements Room {
  readonly #host: RoomHost;
  readonly #events = new Emitter<RoomEvents>();
  readonly #timeline: Timeline;
  readonly #outbox: Outbox;
  readonly #people: People;
  readonly #storedWatch: ReturnType<typeof watchStored>;
  readonly #timers = new Timers();
  #status: RoomStatus = 'joining';
  #leftReason: LeftReason | undefined;
  /** Why the client was closed, if not by the application. */
  #leftCause: ChorusError | undefined;
  #olderPages: Promise<unknown> = Promise.resolve();
  /** Increases when the connection or the room has ended. */
  #generation = 0;
  #refusals = 0;
  /** A join was sent and is not answered yet. */
  #entering = false;

  constructor(
    readonly id: number,
    since: Position | undefined,
    host: RoomHost,
  ) {
    this.#host = host;
    this.#timeline = new Timeline(
      {
        ...{ roomId: id, host },
        deliver: (entry) => this.#deliver(entry),
        onChangesMissed: (since) => this.#events.emit('changesMissed', since),
        onBehind: () => this.#become('catching-up'),
        onCaughtUp: () => this.#caughtUp(),
        onGap: (from, to, error) => {
          this.#outbox.messagesMissed();
          this.#events.emit('gap', { from, to: placeOf(to), error });
        },
        wait: (ms) => new Promise((resolve) => this.#timers.after(ms, resolve)),
      },
      since,
    );
    this.#outbox = new Outbox({
      ...{ roomId: id, host },
      isJoined: () => this.#status === 'joined',
      onChange: (delivery) => this.#events.emit('delivery', delivery),
      onNotJoined: () => {
        this.down();
        this.up();
      },
      later: (action) => this.#later(action),
    });
    this.#storedWatch = watchStored(this.#outbox, this.#timers, () => {
      if (this.#status === 'joined') this.up();
    });
    this.#people = new People({
      ...{ roomId: id, host },
      onMembers: (members) => this.#events.emit('members', members),
      onTypists: (typists) => this.#events.emit('typing', typists),
    });
  }

  get status(): RoomStatus {
    return this.#status;
  }

  get leftReason(): LeftReason | undefined {
    return this.#leftReason;
  }

  get position(): Position | undefined {
    return this.#timeline.position;
  }

  get deliveries(): readonly Delivery[] {
    return this.#outbox.deliveries;
  }

  get typists(): readonly Member[] {
    return this.#people.typists.list;
  }

  get members(): readonly Member[] {
    return this.#people.members;
  }

  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void {
    if (type === 'members') this.#people.watch();
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
    await this.#add(
      { ...operation, target: placeOf(operation.target) },
      options,
      fallback && ((id, refusal) => fallback(this.#host.api, id, refusal)),
    );
  }

  retry(clientMsgId: string): void {
    if (this.#status !== 'left') this.#outbox.retry(clientMsgId);
  }

  discard(clientMsgId: string): void {
    this.#outbox.discard(clientMsgId);
  }

  async history(query: RoomHistoryQuery): Promise<HistoryPage> {
    return this.#host.api.messages(this.id, query);
  }

  messages({ buffer = 10_000 }: { buffer?: number } = {}): AsyncIterableIterator<Message> {
    return streamMessages(this, buffer);
  }

  typing(): void {
    if (this.#status === 'joined') this.#people.type();
  }

  older(limit = 50): Promise<readonly Message[]> {
    // One after the other: two concurrent calls get two different pages.
    const page = this.#olderPages.then(() => this.#timeline.older(limit, () => this.joined()));
    this.#olderPages = page.catch(() => {});
    return page;
  }

  leave(): void {
    if (this.#status === 'left') return;
    this.#host.send(() => ({ type: 'leave', roomId: this.id }));
    this.end('left');
  }

  /** The client is connected: joins the room. */
  up(): void {
    if (this.#entering) return;
    this.#entering = true;
    const generation = this.#generation;
    this.#host.send(() =>
      generation === this.#generation ? { type: 'join', roomId: this.id, since: this.position } : undefined,
    );
  }

  /** The connection has ended: pending frames will not be answered. */
  down(): void {
    this.#interrupt();
    this.#become('joining');
  }

  /** Leaves the room for good. */
  end(reason: LeftReason, cause?: ChorusError): void {
    if (this.#status === 'left') return;
    this.#leftCause = cause;
    // First, so that listeners of the following events find a left room.
    this.#leftReason = reason;
    this.#status = 'left';
    this.#interrupt();
    this.#outbox.fail(this.#leftError());
    this.#events.emit('status', 'left');
  }

  /** Handles a frame about this room. */
  received(frame: RoomFrame): void {
    switch (frame.type) {
      case 'message':
      case 'change':
        // Frames before the join is answered belong to the time before the room was left.
        if (this.#status !== 'joining') this.#timeline.received(frame);
        break;
      case 'room-joined':
        this.#refusals = 0;
        this.#entering = false;
        this.#outbox.stored(frame.stored);
        this.#timeline.entered(placeOf(frame), frame.recovered);
        break;
      case 'room-left':
        // A `left` answers the application's own leave, and the application may have joined again since.
        if (frame.reason !== 'left') this.end(frame.reason);
        break;
      case 'room-renamed':
        this.#events.emit('renamed', frame.name);
        break;
      case 'ack':
        this.#refusals = 0;
        this.#outbox.acked(frame.clientMsgId, placeOf(frame));
        break;
      case 'stored':
        this.#outbox.stored(placeOf(frame));
        break;
      case 'read': {
        const { userId, unread = false } = frame;
        this.#events.emit('read', { userId, unread, position: placeOf(frame) });
        break;
      }
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

  #refused({ request, code, error, retry, clientMsgId }: ErrorFrame): void {
    if (request === 'join') {
      this.#entering = false;
      if (!retry) this.end(code);
      else this.#later(() => this.up());
    } else if (request === 'presence') {
      if (retry) this.#later(() => this.#people.read());
    } else if (clientMsgId !== undefined) {
      // Gateways do not name the type of a frame that they do not know.
      this.#outbox.refused(clientMsgId, new ChorusError(code, error, code === 'not_joined' || retry));
    }
  }

  #add(...draft: Parameters<Outbox['add']>): Promise<SentMessage> {
    return this.#status === 'left' ? Promise.reject(this.#leftError()) : this.#outbox.add(...draft);
  }

  #deliver(entry: Message | Change): void {
    if (entry.type === 'message' || entry.change !== 'erased') {
      const { userId, clientMsgId } = entry;
      if (clientMsgId !== undefined && userId === this.#host.user?.id) {
        this.#outbox.acked(clientMsgId, placeOf(entry));
      }
      this.#people.typists.stopped(userId);
    }
    if (entry.type === 'message') this.#events.emit('message', entry);
    else this.#events.emit('change', entry);
  }

  #caughtUp(): void {
    this.#become('joined');
    if (this.#status !== 'joined') return;
    this.#people.read();
    this.#outbox.send();
    this.#storedWatch.start();
  }

  #interrupt(): void {
    this.#generation++;
    this.#timers.end();
    this.#storedWatch.ended();
    this.#entering = false;
    this.#timeline.interrupted();
    this.#people.interrupted();
    this.#outbox.interrupted();
  }

  #leftError(): ChorusError {
    return leftError(this.id, this.#leftReason, this.#leftCause);
  }

  /** Runs the action after a pause that grows with each refusal. */
  #later(action: () => void): void {
    const { backoff, random } = this.#host;
    this.#timers.after(fullJitter(this.#refusals++, backoff, random), action);
  }

  #become(status: RoomStatus): void {
    if (this.#status === status || this.#status === 'left') return;
    this.#status = status;
    this.#events.emit('status', status);
  }
}
