import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { asChorusError, type ChorusError } from '../chorus-error.js';
import { Pending } from '../pending.js';
import { NOWHERE, placeOf } from '../places.js';
import type { Change, Message } from '../types.js';
import type { Room } from './room.js';
import type { RoomContext } from './room-context.js';

type Entry = Message | Change;

export interface TimelineRoom extends RoomContext, Pick<Room, 'history'> {
  /** Delivers the next entry: each once, in order. */
  deliver(entry: Entry): void;
  /** All messages so far were delivered, or reported as a gap. */
  caughtUp(): void;
  /** Messages after `from`, up to `to`, cannot be obtained. */
  lost(from: Position, to: Position, error?: ChorusError): void;
}

/**
 * Largest number of live entries that wait for missed ones; beyond it, live messages are read from the history as
 * well.
 */
const MOST_HELD = 5_000;
/** Largest page of the history API. */
const PAGE = 100;

/**
 * The entries of a room as delivered to the application: forwards as they arrive, backwards on request.
 *
 * Every message and change, whether live, replayed or read from the history, passes one step that drops it unless it
 * is after the position of the last entry delivered. So overlaps are harmless, and only holes have to be prevented.
 */
export class Timeline {
  readonly #room: TimelineRoom;
  /** Reading of missed messages. */
  readonly #pending: Pending;
  /** Position of the last entry delivered; before the first, of the room at the join. */
  #position: Position | undefined;
  /** The room's position at the join, until all messages up to it have been delivered. */
  #target: Position | undefined;
  /** Whether the gateway delivers all entries after the target, so that none of them may be read from the history. */
  #exact = false;
  /** Changes after this position were not delivered. Kept over interruptions, until it is reported. */
  #unchangedAt: Position | undefined;
  /**
   * Position up to which the gateway lost messages: a gap is reported on passing it, unless the history has them.
   */
  #lost: Position | undefined;
  /** Last positions in the epochs before the current one, oldest first. */
  #ends: Position[] = [];
  /** Live entries that arrive while missed messages are read from the history. */
  #held: Entry[] | undefined;
  /** Messages before this position were not delivered here. */
  #oldest: Position | undefined;

  constructor(room: TimelineRoom, since: Position | undefined) {
    this.#room = room;
    this.#pending = new Pending(room.host);
    this.#position = since;
  }

  get position(): Position | undefined {
    return this.#position && placeOf(this.#position);
  }

  /** The room was joined. @param recovered whether the gateway replays the missed messages */
  entered(at: Position, recovered: boolean): void {
    const position = this.#position;
    this.interrupted();
    this.#oldest ??= placeOf(position ?? at, 1);
    if (!position || (recovered && !isAfter(at, position))) {
      this.#position ??= at;
      this.#caughtUp();
      return;
    }
    this.#target = at;
    this.#exact = true;
    if (recovered) this.#room.become('catching-up');
    else this.#readMissed();
  }

  /** An entry came from the gateway. */
  received(entry: Entry): void {
    const held = this.#held;
    if (!held) {
      this.#deliver(entry);
      if (this.#target && !isAfter(this.#target, entry)) this.#caughtUp();
    } else if (held.length < MOST_HELD) {
      held.push(entry);
    } else {
      this.#target = entry;
      this.#exact = true;
      this.#held = [];
    }
  }

  /** The gateway cannot deliver the messages up to a position. @param inHistory whether the history has them */
  lost(to: Position, inHistory: boolean): void {
    const { position } = this;
    if (!position) return;
    const reached = [...this.#ends, position].findLast(({ epoch }) => epoch <= to.epoch);
    if (!reached || !isAfter(to, reached)) return;
    if (reached !== position) {
      this.#room.lost(reached, to);
      this.#room.emit('changesMissed', reached);
      return;
    }
    if (!inHistory) this.#lost = to;
    if (!this.#target || isAfter(to, this.#target)) {
      this.#target = to;
      this.#exact = false;
    }
    // Otherwise a reading up to the target is already in progress.
    if (!this.#held) this.#readMissed();
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#pending.cancelAll();
    this.#held = this.#target = undefined;
  }

  /** @param entered resolves when the room was joined */
  async older(limit: number, entered: () => Promise<void>): Promise<readonly Message[]> {
    if (!this.#oldest) await entered();
    const before = this.#oldest;
    if (!before) return [];
    const { messages } = await this.#room.history({ before: formatPosition(before), limit });
    this.#oldest = messages[0] ?? before;
    return messages;
  }

  #deliver(entry: Entry): void {
    if (this.#position && !isAfter(entry, this.#position)) return;
    this.#moveTo(entry);
    this.#room.deliver(entry);
  }

  #moveTo(to: Position): void {
    const position = this.#position;
    this.#position = to;
    if (!position || position.epoch === to.epoch) return;
    this.#ends = [...this.#ends.slice(-7), position];
    if (this.#lost && isAfter(this.#lost, position)) this.#room.lost(position, this.#lost);
    this.#lost = undefined;
  }

  /** Delivers missed messages from the history API, oldest first, up to the target; then those that have arrived meanwhile. */
  async #readMissed(): Promise<void> {
    const pending = this.#pending;
    pending.cancelAll();
    pending.failures = 0;
    const wanted = pending.wanted();
    const target = (): Position => this.#target ?? NOWHERE;
    let error: ChorusError | undefined;
    this.#held = [];
    this.#unchangedAt ??= this.position;
    this.#room.become('catching-up');
    try {
      for (let isBehind = true; isBehind && wanted(); ) {
        const query = { after: formatPosition(this.#position ?? NOWHERE), limit: PAGE };
        const page = await pending.untilAnswered(
          () => this.#room.history(query),
          this.#room.host.catchUpWithinMs,
        );
        for (const message of page.messages) {
          // Changes between the target and a message after it would be dropped when they arrive.
          if (wanted() && !(this.#exact && isAfter(message, target()))) this.#deliver(message);
        }
        // Not the position: messages after the target may not be delivered, and changes are not in the history.
        isBehind = page.after !== null && isAfter(target(), page.messages.at(-1) ?? target());
      }
    } catch (cause) {
      error = asChorusError(cause);
    }
    const [from, to] = [this.position, this.#target];
    if (!wanted() || !from || !to) return;
    if (isAfter(to, from)) {
      const lost = this.#lost;
      this.#lost = undefined;
      this.#moveTo(to);
      if (error || lost) this.#room.lost(from, to, error);
    }
    for (const entry of this.#held ?? []) if (wanted()) this.#deliver(entry);
    if (wanted()) this.#caughtUp();
  }

  #caughtUp(): void {
    const since = this.#unchangedAt;
    this.#held = this.#target = this.#unchangedAt = undefined;
    if (since) this.#room.emit('changesMissed', since);
    this.#room.caughtUp();
  }
}
