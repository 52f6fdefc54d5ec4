import { messageText } from '../plan/message-text.js';
import type { Seat, World } from './world.js';

/** Messages that a connection keeps for when it is back. */
const MAX_LATE = 10_000;

/** What one connection has to say, and what it does not know the end of yet. */
export class Outbox {
  /** Sent, and nothing heard of. */
  readonly #pending = new Map<number, Seat>();
  #late: Array<{ message: number; seat: Seat }> = [];

  /** @param say hands a message to the socket */
  constructor(
    private readonly world: Pick<World, 'dialect' | 'meters' | 'payload'>,
    private readonly say: (roomId: number, message: number, text: string) => void,
  ) {}

  /** Whether nothing is under way. */
  get empty(): boolean {
    return this.#pending.size === 0;
  }

  send(message: number, due: number, seat: Seat, now: number): void {
    this.#pending.set(message, seat);
    this.world.meters.sent(message, due, now);
    this.#say(message, seat.roomId);
  }

  /** For {@link resume}. */
  keep(message: number, seat: Seat): void {
    if (this.#late.length < MAX_LATE) this.#late.push({ message, seat });
  }

  /** The connection is in its rooms again: sends what may not have gone out, and what came due meanwhile. */
  resume(clock: () => number): void {
    for (const [message, { roomId }] of this.#pending) this.#say(message, roomId);
    const late = this.#late;
    this.#late = [];
    for (const { message, seat } of late) {
      // The server is to blame for these, not the tool: for whether that keeps up they are due now.
      const due = clock();
      this.send(message, due, seat, due);
    }
  }

  /** The server has it: everybody has to receive it. @returns whether that was not known yet */
  accepted(message: number): boolean {
    const seat = this.#pending.get(message);
    if (seat === undefined) return false;
    this.#pending.delete(message);
    seat.checker.expect(message);
    return true;
  }

  /** The server has all that is under way, as far as anybody can tell. */
  acceptAll(): void {
    for (const message of [...this.#pending.keys()]) this.accepted(message);
  }

  /** @param message undefined when it is not known which: it may be any */
  refused(message: number | undefined): void {
    if (message === undefined) this.#pending.clear();
    else this.#pending.delete(message);
  }

  /** The socket has ended. Whether messages in flight were sent is unknown; only some servers accept a retry. */
  cutOff(): void {
    if (!this.world.dialect.resends) this.#pending.clear();
  }

  #say(message: number, roomId: number): void {
    this.say(roomId, message, messageText(message, this.world.payload));
  }
}
