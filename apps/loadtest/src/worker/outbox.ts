import { messageText } from '../plan/message-text.js';
import type { RoomSlot } from './room-slots.js';
import type { World } from './world.js';

/** Largest number of messages that a connection keeps until it has reconnected. */
const MAX_LATE = 10_000;

/** Messages of one connection that are due or unconfirmed. */
export class Outbox {
  /** Sent, without an answer. */
  readonly #pending = new Map<number, RoomSlot>();
  #late: Array<{ message: number; slot: RoomSlot }> = [];

  /** @param say sends a message on the socket */
  constructor(
    private readonly world: Pick<World, 'dialect' | 'meters' | 'payload'>,
    private readonly say: (roomId: number, message: number, text: string) => void,
  ) {}

  /** Whether no message is unconfirmed. */
  get empty(): boolean {
    return this.#pending.size === 0;
  }

  send(message: number, due: number, slot: RoomSlot, now: number): void {
    this.#pending.set(message, slot);
    this.world.meters.sent(message, due, now);
    this.#say(message, slot.roomId);
  }

  /** Keeps the message for {@link resume}. */
  keep(message: number, slot: RoomSlot): void {
    if (this.#late.length < MAX_LATE) this.#late.push({ message, slot });
  }

  /** Called when the connection is in its rooms again: sends what may not have left, and what came due meanwhile. */
  resume(clock: () => number): void {
    for (const [message, { roomId }] of this.#pending) this.#say(message, roomId);
    const late = this.#late;
    this.#late = [];
    for (const { message, slot } of late) {
      // The server caused their delay, not the tool: for whether the tool keeps up they are due now.
      const due = clock();
      this.send(message, due, slot, due);
    }
  }

  /** The server has stored the message: every member must receive it. @returns whether that is new */
  accepted(message: number): boolean {
    const slot = this.#pending.get(message);
    if (slot === undefined) return false;
    this.#pending.delete(message);
    slot.checker.expect(message);
    return true;
  }

  /** Assumes that the server has stored all unconfirmed messages. */
  acceptAll(): void {
    for (const message of [...this.#pending.keys()]) this.accepted(message);
  }

  /** @param message undefined when it is unknown: it may be any */
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
