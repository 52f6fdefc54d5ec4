import type { Position } from '@chorus/protocol';
import type { Conversation, ConversationEvents } from '../dialect.js';
import { now } from '../run/clock.js';
import { backoffMs, isFinal } from './coming-back.js';
import { Outbox } from './outbox.js';
import { type SocketHandlers, WebSocketClient } from './socket/web-socket.js';
import { type ConnectionOptions, type Place, positionsOf, type Seat, type World } from './world.js';

/** How often the first connect is tried. Whoever was in comes back as often as it takes. */
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

/** One client: comes in, stays, comes back. */
export class Connection implements SocketHandlers, ConversationEvents {
  readonly seats: readonly Seat[];
  readonly #conversation: Conversation;
  #state: State = 'new';
  #socket: WebSocketClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #attempts = 0;
  #wasIn = false;
  /** From when a return is timed. */
  #awaySince = 0;
  #openSince = 0;
  #returns = 0;
  #missed: 'all there' | 'not told' | 'gone' = 'all there';
  #returnAfterMs: number | undefined;
  readonly #outbox: Outbox;
  #slow = false;
  /**
   * What was due before is not timed: who looks when it pleases, or was cut on purpose, is late by itself. When the server
   * ended the socket, everything is.
   */
  #timedFrom: number;

  constructor(
    private readonly world: World,
    private readonly options: ConnectionOptions,
    places: readonly Place[],
  ) {
    this.#timedFrom = options.lazy ? Number.POSITIVE_INFINITY : 0;
    this.seats = places.map((place) => ({ ...place, epoch: 0, seq: 0, joined: false, goal: -1 }));
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

  /** It is one of those that stop reading. */
  get slow(): boolean {
    return this.options.slow;
  }

  /** It was in its rooms, wants to be, and is not. */
  get failedToReturn(): boolean {
    return this.#wasIn && this.#state !== 'in' && this.#state !== 'gone';
  }

  /** How often it opened another socket after it had been in. */
  get returns(): number {
    return this.#returns;
  }

  /** Whether nothing is under way to it or from it, as far as this worker knows. */
  get quiet(): boolean {
    if (this.#slow || this.#state === 'gone') return true;
    if (this.#state !== 'in' || !this.#outbox.empty) return false;
    return this.seats.every(({ checker, member }) => checker.cursor(member) >= checker.length);
  }

  start(): void {
    const { identity, target, localAddress, lazy, index } = this.options;
    const { dialect, meters, lazyWheel } = this.world;
    this.#state = 'connecting';
    this.#startedAt = now();
    this.#attempts++;
    if (this.#wasIn) meters.reconnecting();
    else if (this.#attempts === 1) meters.connecting(target.index);
    const rooms = this.seats.map(({ roomId }) => roomId);
    const handshake = dialect.handshake(identity, rooms, positionsOf(this.seats));
    this.#socket = new WebSocketClient(target.url, handshake, this, { localAddress, lazy });
    if (lazy) lazyWheel.add(this.#socket, index);
  }

  /** Stops reading for the rest of the run. */
  stopReading(): void {
    this.#slow = true;
    this.#socket?.pause();
  }

  /** Cuts it without a word, for so long; only who is in can be cut. */
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

  /** Nothing has arrived yet that would tell it where to go on, and it will: what it missed could only be lost. */
  get #cannotResume(): boolean {
    return this.world.resumable && this.seats.some(({ epoch }) => epoch === 0);
  }

  publish(message: number, due: number, room: number): void {
    const seat = this.seats.find((seat) => seat.room === room);
    // Who was sent away by the tool has nothing to say; who was by the server is late.
    if (seat === undefined || this.#state === 'away' || this.#state === 'gone') return;
    if (this.#state === 'in') this.#outbox.send(message, due, seat, now());
    else this.#outbox.keep(message, seat);
  }

  /** Ends it. Where nothing is acked, what was sent must have arrived. */
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
    for (const seat of this.seats) {
      seat.joined = false;
      seat.goal = -1;
    }
    this.#timer = setTimeout(() => this.failed('not in its rooms in time'), JOIN_MS);
    this.#conversation.opened(positionsOf(this.seats));
  }

  received(bytes: Buffer, start: number, end: number): void {
    this.#conversation.received(bytes, start, end);
  }

  message(number: number, position: Position | undefined): void {
    if (this.#slow) return;
    const { world, options } = this;
    const at = now();
    const room = world.roomOf(number);
    const seat = this.#seatIn(room);
    if (seat === undefined) {
      (world.checkerOf(room) ?? this.seats[0]?.checker)?.strayed(number);
      return;
    }
    seat.checker.arrived(seat.member, number, position);
    if (position !== undefined) {
      seat.epoch = position.epoch;
      seat.seq = position.seq;
      world.resumable = true;
    }
    world.meters.delivered(number, options.target.index, this.#timedFrom, at);
    if (seat.goal >= 0) this.#lookWhetherCaughtUp();
    if (!world.dialect.acks) this.#outbox.accepted(number);
    world.poke(at);
  }

  joined(roomId: number, recovered: boolean | undefined, at?: Position): void {
    const seat = this.seats.find((seat) => seat.roomId === roomId);
    if (seat === undefined || seat.joined || this.#state !== 'joining') return;
    seat.joined = true;
    if (recovered === true) seat.goal = seat.checker.length;
    else if (this.#wasIn) this.#missed = recovered === false ? 'gone' : 'not told';
    if (recovered !== true && at !== undefined) ({ epoch: seat.epoch, seq: seat.seq } = at);
    if (this.seats.every(({ joined }) => joined)) this.#isIn();
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
    if (isFinal(code, why) || (!this.#wasIn && this.#attempts >= FIRST_ATTEMPTS)) this.#giveUp();
    else this.#timer = setTimeout(() => this.start(), this.#pauseMs(retryAfterMs));
  }

  #pauseMs(retryAfterMs: number): number {
    const hint = this.#returnAfterMs;
    this.#returnAfterMs = undefined;
    if (hint !== undefined) return hint;
    return retryAfterMs + backoffMs(this.#attempts);
  }

  #giveUp(): void {
    this.#state = 'gone';
    if (!this.#wasIn) this.world.settled();
  }

  /** The socket is of no use any more. */
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

  #seatIn(room: number): Seat | undefined {
    const [first] = this.seats;
    return first?.room === room ? first : this.seats.find((seat) => seat.room === room);
  }

  #lookWhetherCaughtUp(): void {
    if (this.#state !== 'in') return;
    let behind = false;
    for (const seat of this.seats) {
      if (seat.goal >= 0 && seat.checker.cursor(seat.member) >= seat.goal) seat.goal = -1;
      behind ||= seat.goal >= 0;
    }
    if (behind) return;
    const at = now();
    this.world.meters.caughtUp(at - this.#awaySince, at - this.#openSince);
  }
}
