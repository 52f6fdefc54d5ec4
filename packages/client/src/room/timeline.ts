import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { asChorusError, ChorusError } from '../chorus-error.js';
import { fullJitter } from '../connection/backoff.js';
import { NOWHERE, placeAfter, placeOf } from '../places.js';
import type { Change, Message } from '../types.js';
import type { RoomHost } from './room-host.js';

type Entry = Message | Change;

export interface TimelineOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  /** Delivers the next entry: each once, in order. */
  deliver(entry: Entry): void;
  /** The room was joined, and entries were missed. */
  onBehind(): void;
  /** All messages so far were delivered, or reported as a gap. */
  onCaughtUp(): void;
  /** Changes after `since` were not delivered: the history has messages only. */
  onChangesMissed(since: Position): void;
  /** Messages after `from`, up to `to`, cannot be obtained. */
  onGap(from: Position, to: Position, error: ChorusError): void;
  /** Never resolves if the connection or the room ends before. */
  wait(ms: number): Promise<void>;
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
  readonly #options: TimelineOptions;
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
  /** Increases when a reading in progress becomes irrelevant. */
  #generation = 0;

  constructor(options: TimelineOptions, since: Position | undefined) {
    this.#options = options;
    this.#position = since;
  }

  get position(): Position | undefined {
    return this.#position && placeOf(this.#position);
  }

  /** The room was joined. @param recovered whether the gateway replays the missed messages */
  entered(at: Position, recovered: boolean): void {
    const generation = ++this.#generation;
    const position = this.#position;
    this.#oldest ??= placeAfter(position ?? at);
    this.#held = undefined;
    if (position === undefined || (recovered && !isAfter(at, position))) {
      this.#position ??= at;
      this.#caughtUp();
      return;
    }
    this.#target = at;
    this.#exact = true;
    if (!recovered) this.#held = [];
    this.#options.onBehind();
    if (!recovered) this.#readMissed(generation);
  }

  /** An entry came from the gateway. */
  received(entry: Entry): void {
    const held = this.#held;
    if (held === undefined) {
      this.#deliver(entry);
      if (this.#target !== undefined && !isAfter(this.#target, entry)) this.#caughtUp();
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
    if (position === undefined) return;
    const reached = [...this.#ends, position].findLast(({ epoch }) => epoch <= to.epoch);
    if (reached === undefined || !isAfter(to, reached)) return;
    if (reached !== position) {
      this.#options.onGap(reached, to, lostError());
      this.#options.onChangesMissed(reached);
      return;
    }
    if (!inHistory) this.#lost = to;
    if (this.#target === undefined || isAfter(to, this.#target)) {
      this.#target = to;
      this.#exact = false;
    }
    // Otherwise a reading up to the target is already in progress.
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#options.onBehind();
    this.#readMissed(++this.#generation);
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#generation++;
    this.#held = this.#target = undefined;
  }

  /** @param entered resolves when the room was joined */
  async older(limit: number, entered: () => Promise<void>): Promise<readonly Message[]> {
    if (this.#oldest === undefined) await entered();
    const before = this.#oldest;
    if (before === undefined) return [];
    const { host, roomId } = this.#options;
    const { messages } = await host.api.messages(roomId, { before: formatPosition(before), limit });
    this.#oldest = messages[0] ?? before;
    return messages;
  }

  #deliver(entry: Entry): void {
    if (this.#position !== undefined && !isAfter(entry, this.#position)) return;
    this.#moveTo(entry);
    this.#options.deliver(entry);
  }

  #moveTo(to: Position): void {
    const { position } = this;
    this.#position = to;
    if (position === undefined || position.epoch === to.epoch) return;
    this.#ends = [...this.#ends.slice(-7), position];
    if (this.#lost !== undefined && isAfter(this.#lost, position)) {
      this.#options.onGap(position, this.#lost, lostError());
    }
    this.#lost = undefined;
  }

  async #readMissed(generation: number): Promise<void> {
    const wanted = (): boolean => generation === this.#generation;
    this.#unchangedAt ??= this.position;
    const error = await this.#catchUp(wanted);
    const [from, to] = [this.position, this.#target];
    if (!wanted() || from === undefined || to === undefined) return;
    if (isAfter(to, from)) {
      const why = error ?? (this.#lost && lostError());
      this.#lost = undefined;
      this.#moveTo(to);
      if (why !== undefined) this.#options.onGap(from, to, why);
    }
    for (const entry of this.#held ?? []) if (wanted()) this.#deliver(entry);
    if (wanted()) this.#caughtUp();
  }

  /**
   * Delivers missed messages from the history API, oldest first, up to the target. Resolves with an error if it failed
   * for good; with undefined when it is complete or was cancelled.
   */
  async #catchUp(wanted: () => boolean): Promise<ChorusError | undefined> {
    const { roomId, host, wait } = this.#options;
    const target = (): Position => this.#target ?? NOWHERE;
    let failures = 0;
    let succeededAt = performance.now();
    while (wanted()) {
      try {
        const after = formatPosition(this.#position ?? NOWHERE);
        const page = await host.api.messages(roomId, { after, limit: PAGE });
        for (const message of page.messages) {
          // Changes between the target and a message after it would be dropped when they arrive.
          if (wanted() && !(this.#exact && isAfter(message, target()))) this.#deliver(message);
        }
        const last = page.messages.at(-1);
        // Not the position: messages after the target may not be delivered, and changes are not in the history.
        if (page.after === null || last === undefined || !isAfter(target(), last)) break;
        failures = 0;
        succeededAt = performance.now();
      } catch (cause) {
        const error = asChorusError(cause);
        if (!error.retry || performance.now() - succeededAt > host.catchUpWithinMs) return error;
        await wait((error.retryAfterMs ?? 0) + fullJitter(failures++, host.backoff, host.random));
      }
    }
    return undefined;
  }

  #caughtUp(): void {
    const since = this.#unchangedAt;
    this.#held = this.#target = this.#unchangedAt = undefined;
    if (since !== undefined) this.#options.onChangesMissed(since);
    this.#options.onCaughtUp();
  }
}

function lostError(): ChorusError {
  return new ChorusError('history_lost', 'messages were lost');
}
