import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { ChorusError } from '../chorus-error.js';
import type { Message } from '../types.js';
import { catchUp } from './catch-up.js';
import type { RoomHost } from './room-host.js';

export interface TimelineOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  /** Delivers the next message: each once, in order. */
  deliver(message: Message): void;
  /** The room was joined, and messages were missed. */
  onBehind(): void;
  /** All messages so far were delivered, or reported as a gap. */
  onCaughtUp(): void;
  /** Messages after `from`, up to `to`, cannot be obtained. */
  onGap(from: Position, to: Position, error: ChorusError): void;
  /** Never resolves if the connection or the room ends before. */
  wait(ms: number): Promise<void>;
}

/**
 * Largest number of live messages that wait for missed ones; beyond it, live messages are read from the history as
 * well.
 */
const MOST_HELD = 5_000;

/**
 * The messages of a room as delivered to the application: forwards as they arrive, backwards on request.
 *
 * Every message, whether live, replayed or read from the history, passes one step that drops it unless it is after
 * the position of the last message delivered. So overlaps are harmless, and only holes have to be prevented.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  /** Position of the last message delivered; before the first, of the room at the join. */
  #position: Position | undefined;
  /** The room's position at the join, until all messages up to it have been delivered. */
  #target: Position | undefined;
  /**
   * Position up to which the gateway lost messages: a gap is reported on passing it, unless the history has them.
   */
  #lost: Position | undefined;
  /** Last positions in the epochs before the current one, oldest first. */
  #ends: Position[] = [];
  /** Live messages that arrive while missed ones are read from the history. */
  #held: Message[] | undefined;
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
    this.#oldest ??= after(position ?? at);
    this.#held = undefined;
    if (position === undefined || (recovered && !isAfter(at, position))) {
      this.#position ??= at;
      this.#caughtUp();
      return;
    }
    this.#target = at;
    if (!recovered) this.#held = [];
    this.#options.onBehind();
    if (!recovered) this.#readMissed(generation);
  }

  /** A message came from the gateway. */
  received(message: Message): void {
    const held = this.#held;
    if (held === undefined) {
      this.#deliver(message);
      if (this.#target !== undefined && !isAfter(this.#target, message)) this.#caughtUp();
    } else if (held.length < MOST_HELD) {
      held.push(message);
    } else {
      this.#target = message;
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
      return;
    }
    if (!inHistory) this.#lost = to;
    if (this.#target === undefined || isAfter(to, this.#target)) this.#target = to;
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
    const { host, roomId } = this.#options;
    if (this.#oldest === undefined) await entered();
    const before = this.#oldest;
    if (before === undefined) return [];
    const { messages } = await host.api.messages(roomId, { before: formatPosition(before), limit });
    this.#oldest = messages[0] ?? before;
    return messages;
  }

  #deliver(message: Message): void {
    if (this.#position !== undefined && !isAfter(message, this.#position)) return;
    this.#moveTo(message);
    this.#options.deliver(message);
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
    const nowhere = { epoch: 0, seq: 0 };
    const error = await catchUp({
      ...this.#options,
      wanted,
      position: () => this.#position ?? nowhere,
      target: () => this.#target ?? nowhere,
      deliver: (message) => this.#deliver(message),
    });
    const [from, to] = [this.position, this.#target];
    if (!wanted() || from === undefined || to === undefined) return;
    if (isAfter(to, from)) {
      const why = error ?? (this.#lost && lostError());
      this.#lost = undefined;
      this.#moveTo(to);
      if (why !== undefined) this.#options.onGap(from, to, why);
    }
    for (const message of this.#held ?? []) if (wanted()) this.#deliver(message);
    if (wanted()) this.#caughtUp();
  }

  #caughtUp(): void {
    this.#held = this.#target = undefined;
    this.#options.onCaughtUp();
  }
}

function lostError(): ChorusError {
  return new ChorusError('history_lost', 'messages were lost');
}

/** The position after this one. */
function after({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}

/** Strips a message to its position. */
export function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
