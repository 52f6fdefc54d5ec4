import type { Position } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import { fullJitter } from './backoff.js';
import { ChorusError } from './chorus-error.js';
import { Emitter } from './emitter.js';
import { Members } from './members.js';
import { MessageStream } from './message-stream.js';
import { Outbox } from './outbox.js';
import { publishFrame } from './publish-frame.js';
import type { Room, RoomEvents, SendOptions } from './room.js';
import type { RoomHost } from './room-host.js';
import { StoredWatch } from './stored-watch.js';
import { Timeline } from './timeline.js';
import { Timers } from './timers.js';
import type { Delivery, LeftReason, Member, Message, RoomStatus, SentMessage } from './types.js';
import { Typists } from './typists.js';

type Frame<Type extends V1ServerFrame['type']> = Extract<V1ServerFrame, { type: Type }>;

/** How often the user may be said to type, in milliseconds. */
const TYPING_EVERY_MS = 1_000;
/** A {@link Room}, and what its client has to tell it. */
export class LiveRoom implements Room {
  readonly #host: RoomHost;
  readonly #events = new Emitter<RoomEvents>();
  readonly #timeline: Timeline;
  readonly #outbox: Outbox;
  readonly #members: Members;
  readonly #typists: Typists;
  readonly #storedWatch: StoredWatch;
  readonly #streams = new Set<MessageStream>();
  readonly #timers = new Timers();
  #status: RoomStatus = 'joining';
  #leftReason: LeftReason | undefined;
  #olderPages: Promise<unknown> = Promise.resolve();
  /** Changes whenever the connection, or the room, is gone. */
  #turn = 0;
  #refusals = 0;
  /** What was refused waits until it may be sent again. */
  #pausing = false;
  /** The next message waits for its place among the frames that are sent. */
  #scheduled = false;
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
    this.#timeline = new Timeline(
      {
        ...{ roomId: id, host },
        deliver: (message) => this.#deliver(message),
        onBehind: () => this.#become('catching-up'),
        onCaughtUp: () => this.#caughtUp(),
        onGap: (from, to, error) => {
          this.#outbox.doubted();
          this.#events.emit('gap', { from, to: { epoch: to.epoch, seq: to.seq }, error });
        },
        wait: (ms) => new Promise((resolve) => this.#timers.after(ms, resolve)),
      },
      since,
    );
    this.#outbox = new Outbox({
      roomId: id,
      send: () => this.#sendNext(),
      onChange: (delivery) => this.#events.emit('delivery', delivery),
      nextMessageId: () => host.nextMessageId(),
    });
    this.#storedWatch = new StoredWatch(this.#outbox, this.#timers, () => {
      if (this.#status === 'joined') this.up();
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
    return this.#timeline.position;
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
    const page = this.#olderPages.then(() => this.#timeline.older(limit, () => this.joined()));
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
    this.#refusals = 0;
    this.#entering = false;
    this.#outbox.stored(stored);
    this.#timeline.entered({ epoch, seq }, recovered);
  }

  received(message: Message): void {
    // Nothing comes before the room is entered but what was under way when it was left.
    if (this.#status !== 'joining') this.#timeline.received(message);
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
      else this.#timers.after(this.#pause(), () => this.up());
    } else if (request === 'presence') {
      this.#members.interrupted();
      if (retry) this.#timers.after(this.#pause(), () => this.#readMembers());
    } else if (request === 'publish' && clientMsgId !== undefined) {
      const again = code === 'not_joined' || retry;
      if (!this.#outbox.refused(clientMsgId, new ChorusError(code, error, again))) return;
      if (code === 'not_joined') {
        this.down();
        this.up();
        return;
      }
      this.#pausing = true;
      this.#timers.after(this.#pause(), () => {
        this.#pausing = false;
        this.#sendNext();
      });
    }
  }

  #deliver(message: Message): void {
    const { userId, clientMsgId } = message;
    if (clientMsgId !== undefined && userId === this.#host.user?.id) {
      this.#outbox.acked(clientMsgId, { epoch: message.epoch, seq: message.seq });
    }
    this.#typists.stopped(userId);
    this.#events.emit('message', message);
    if (this.#streams.size > 0) for (const stream of this.#streams) stream.push(message);
  }

  #caughtUp(): void {
    this.#become('joined');
    if (this.#status !== 'joined') return;
    this.#readMembers();
    this.#sendNext();
    this.#storedWatch.start();
  }

  #sendNext(): void {
    if (this.#status !== 'joined' || this.#pausing || this.#scheduled) return;
    this.#scheduled = true;
    this.#host.send(() => {
      this.#scheduled = false;
      if (this.#status !== 'joined' || this.#pausing) return undefined;
      return publishFrame(this.#outbox, this.id, this.#host.maxFrameBytes);
    });
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
    this.#timers.end();
    this.#pausing = false;
    this.#scheduled = false;
    this.#storedWatch.ended();
    this.#entering = false;
    this.#timeline.interrupted();
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

  #become(status: RoomStatus): void {
    if (this.#status === status || this.#status === 'left') return;
    this.#status = status;
    this.#events.emit('status', status);
  }
}
