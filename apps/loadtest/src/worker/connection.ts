import type { Position } from '@chorus/protocol';
import type { Conversation, ConversationEvents } from '../dialect.js';
import { now } from '../run/clock.js';
import { backoffMs, isFinal } from './coming-back.js';
import { Outbox } from './outbox.js';
import { RoomSlots } from './room-slots.js';
import { type SocketHandlers, WebSocketClient } from './socket/web-socket.js';
import type { ConnectionOptions, Place, World } from './world.js';

/** Attempts at the first connect. Reconnects are not limited. */
const FIRST_ATTEMPTS = 3;
const JOIN_MS = 15_000;

type State =
  | 'new'
  | 'connecting'
  | 'joining'
  | 'in'
  /** Cut on purpose. */
  | 'away'
  /** Waiting for the next attempt. */
  | 'waiting'
  /** For good. */
  | 'gone';

/** One client: connects, stays, reconnects. */
export class Connection implements SocketHandlers, ConversationEvents {
  readonly slots: RoomSlots;
  readonly #conversation: Conversation;
  #state: State = 'new';
  #socket: WebSocketClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #attempts = 0;
  #wasIn = false;
  /** Start of the time until the reconnect. */
  #awaySince = 0;
  #openSince = 0;
  #returns = 0;
  #missed: 'all there' | 'not told' | 'gone' = 'all there';
  #returnAfterMs: number | undefined;
  #url: URL;
  readonly #outbox: Outbox;
  #slow = false;
  /**
   * Earlier messages are not timed: a lazy or cut connection is late by itself. If the server ended the socket, all
   * are timed.
   */
  #timedFrom: number;

  constructor(
    private readonly world: World,
    private readonly options: ConnectionOptions,
    places: readonly Place[],
  ) {
    this.#url = options.target.url;
    this.#timedFrom = options.lazy ? Number.POSITIVE_INFINITY : 0;
    this.slots = new RoomSlots(places);
    this.#conversation = world.dialect.converse(
      places.map(({ roomId }) => roomId),
      this,
      (text) => this.#socket?.send(text),
    );
    this.#outbox = new Outbox(world, (roomId, message, text) =>
      this.#conversation.publish(roomId, message, text),
    );
  }

  get state(): State {
    return this.#state;
  }

  /** Whether it is a slow reader. */
  get slow(): boolean {
    return this.options.slow;
  }

  /** Whether it was in its rooms, wants to be, and is not. */
  get failedToReturn(): boolean {
    return this.#wasIn && this.#state !== 'in' && this.#state !== 'gone';
  }

  /** Number of reconnects. */
  get returns(): number {
    return this.#returns;
  }

  /** Whether this worker knows of no message in flight to it or from it. */
  get quiet(): boolean {
    if (this.#slow || this.#state === 'gone') return true;
    if (this.#state !== 'in' || !this.#outbox.empty) return false;
    return this.slots.complete;
  }

  start(): void {
    const { identity, target, localAddress, lazy, index } = this.options;
    const { dialect, meters, lazyWheel } = this.world;
    this.#state = 'connecting';
    this.#startedAt = now();
    this.#attempts++;
    if (this.#wasIn) meters.reconnecting();
    else if (this.#attempts === 1) meters.connecting(target.index);
    const handshake = dialect.handshake(identity, this.slots.roomIds, this.slots.positions);
    this.#socket = new WebSocketClient(this.#url, handshake, this, { localAddress, lazy });
    if (lazy) lazyWheel.add(this.#socket, index);
  }

  /** Stops reading for the rest of the run. */
  stopReading(): void {
    this.#slow = true;
    this.#socket?.pause();
  }

  /** Cuts it without a close frame for a time, if it is in its rooms. */
  cut(awayMs: number): void {
    if (this.#state !== 'in' || this.#slow || this.#cannotResume) return;
    this.#leave('away');
    this.#timedFrom = Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => {
      this.#awaySince = now();
      this.#attempts = 0;
      this.start();
    }, awayMs);
  }

  /** No message has arrived yet from which it could resume, and one will: cutting it now could lose messages. */
  get #cannotResume(): boolean {
    return this.world.resumable && !this.slots.resumable;
  }

  publish(message: number, due: number, room: number): void {
    const slot = this.slots.ofRoom(room);
    // Messages that come due while the tool has cut it are dropped; if the server has, they are late, unless clients wait on
    // purpose.
    if (slot === undefined || this.#state === 'away' || this.#state === 'gone') return;
    if (this.#state === 'in') this.#outbox.send(message, due, slot, now());
    else if (this.options.reconnectOverMs === undefined) this.#outbox.keep(message, slot);
  }

  /** Ends it. Without acks, what was sent must have arrived. */
  end(): void {
    clearTimeout(this.#timer);
    if (!this.world.dialect.acks && this.#state === 'in') this.#outbox.acceptAll();
    this.#unwheel();
    this.#conversation.closed?.();
    if (this.#slow) this.#socket?.cut();
    else this.#socket?.close();
    this.#socket = undefined;
    if (this.#state !== 'in') this.#state = this.failedToReturn ? this.#state : 'gone';
  }

  opened(): void {
    this.#state = 'joining';
    this.#missed = 'all there';
    this.#openSince = now();
    if (this.#wasIn) this.#returns++;
    this.slots.rejoin();
    this.#timer = setTimeout(() => this.failed('not in its rooms in time'), JOIN_MS);
    this.#conversation.opened(this.slots.positions);
  }

  received(bytes: Buffer, start: number, end: number): void {
    this.#conversation.received(bytes, start, end);
  }

  message(number: number, position: Position | undefined): void {
    if (this.#slow) return;
    const { world, options } = this;
    const at = now();
    const room = world.roomOf(number);
    const slot = this.slots.ofRoom(room);
    if (slot === undefined) {
      (world.checkerOf(room) ?? this.slots.all[0]?.checker)?.strayed(number);
      return;
    }
    slot.checker.arrived(slot.member, number, position);
    if (position !== undefined) {
      slot.epoch = position.epoch;
      slot.seq = position.seq;
      world.resumable = true;
    }
    world.meters.delivered(number, options.target.index, this.#timedFrom, at);
    if (slot.goal >= 0) this.#lookWhetherCaughtUp();
    if (!world.dialect.acks) this.#outbox.accepted(number);
    world.poke(at);
  }

  joined(roomId: number, recovered: boolean | undefined, at?: Position): void {
    const slot = this.slots.withId(roomId);
    if (slot === undefined || slot.joined || this.#state !== 'joining') return;
    slot.joined = true;
    if (recovered === true) slot.goal = slot.checker.length;
    else if (this.#wasIn) this.#missed = recovered === false ? 'gone' : 'not told';
    if (recovered !== true && at !== undefined) ({ epoch: slot.epoch, seq: slot.seq } = at);
    if (this.slots.joined) this.#isIn();
  }

  acked(number: number): void {
    if (!this.#outbox.accepted(number)) return;
    this.world.meters.acked(number, this.options.target.index, this.#timedFrom);
  }

  refused(number: number | undefined, why: string): void {
    this.world.meters.refused.add(why);
    this.#outbox.refused(number);
  }

  goAway(afterMs: number): void {
    this.#returnAfterMs = afterMs;
  }

  failed(why: string): void {
    if (this.#state === 'away' || this.#state === 'gone' || this.#state === 'waiting') return;
    this.#socket?.cut();
    this.closed(1006, why);
  }

  closed(code: number, why: string, retryAfterMs = 0): void {
    if (this.#slow) {
      this.#leave('gone');
      return;
    }
    const wasIn = this.#state === 'in';
    const text = code === 1006 || code === 1005 ? why : `closed with ${code} ${why}`;
    if (wasIn) {
      this.world.meters.closes.add(code);
      this.#awaySince = now();
      this.#attempts = 0;
    } else this.world.meters.connectFailed(text);
    this.#leave('waiting');
    if (this.#wasIn) this.#goElsewhere();
    if (isFinal(code, why) || (!this.#wasIn && this.#attempts >= FIRST_ATTEMPTS)) this.#giveUp();
    else this.#timer = setTimeout(() => this.start(), this.#pauseMs(retryAfterMs));
  }

  #pauseMs(retryAfterMs: number): number {
    const hint = this.#returnAfterMs;
    this.#returnAfterMs = undefined;
    if (hint !== undefined) return hint;
    const { reconnectOverMs } = this.options;
    if (reconnectOverMs !== undefined && this.#attempts === 0) return Math.random() * reconnectOverMs;
    return retryAfterMs + backoffMs(this.#attempts);
  }

  #goElsewhere(): void {
    const { elsewhere } = this.options;
    this.#url = elsewhere[Math.floor(Math.random() * elsewhere.length)] ?? this.#url;
  }

  #giveUp(): void {
    this.#state = 'gone';
    if (!this.#wasIn) this.world.settled();
  }

  /** Gives the socket up. */
  #leave(state: State): void {
    clearTimeout(this.#timer);
    this.#unwheel();
    this.#socket?.cut();
    this.#socket = undefined;
    this.#state = state;
    this.#conversation.closed?.();
    this.#outbox.cutOff();
  }

  #unwheel(): void {
    if (this.options.lazy && this.#socket !== undefined) {
      this.world.lazyWheel.remove(this.#socket, this.options.index);
    }
  }

  #isIn(): void {
    clearTimeout(this.#timer);
    this.#state = 'in';
    const { meters } = this.world;
    if (!this.#wasIn) {
      this.#wasIn = true;
      meters.connected(now() - this.#startedAt);
      this.world.settled();
      return;
    }
    if (!this.options.lazy && this.#timedFrom > 0) this.#timedFrom = now();
    meters.resumed(this.#missed === 'all there');
    if (this.#missed === 'all there') this.#lookWhetherCaughtUp();
    this.#outbox.resume(now);
  }

  #lookWhetherCaughtUp(): void {
    if (this.#state !== 'in' || !this.slots.catchUp()) return;
    const at = now();
    this.world.meters.caughtUp(at - this.#awaySince, at - this.#openSince);
  }
}
