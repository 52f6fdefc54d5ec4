import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { ChorusError } from '../chorus-error.js';
import type { Message } from '../types.js';
import { catchUp } from './catch-up.js';
import type { RoomHost } from './room-host.js';

export interface TimelineOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  /** The next message: each once, in order. */
  deliver(message: Message): void;
  /** It is in the room, and behind. */
  onBehind(): void;
  /** Everything that was said has been delivered, or told as a gap. */
  onCaughtUp(): void;
  /** Nothing between these can be had. */
  onGap(from: Position, to: Position, error: ChorusError): void;
  /** Does not resolve when the connection, or the room, is gone before. */
  wait(ms: number): Promise<void>;
}

/** More live messages than that do not wait until what was missed is there: they are read from the history as well. */
const MOST_HELD = 5_000;

/**
 * What was said in a room, as far as the application has been told: forwards as it comes, backwards as it asks.
 *
 * Every message, live, replayed or read from the history, passes one step that drops what is not after the position of the
 * last message delivered. So overlaps are harmless, and only holes have to be prevented.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  /** The last message delivered, or where the room stood. */
  #position: Position | undefined;
  /** Where the room stood when it was entered, as long as not everything up to there has been delivered. */
  #target: Position | undefined;
  /** A message that is lost, unless the history has it: to be told when it is passed. */
  #lost: Position | undefined;
  /** Where it was when it went on to a later epoch, oldest first. */
  #ends: Position[] = [];
  /** What is said while what was missed is read from the history. */
  #held: Message[] | undefined;
  /** Everything before it was not delivered here. */
  #oldest: Position | undefined;
  /** Changes whenever what is under way is of no interest any more. */
  #turn = 0;

  constructor(options: TimelineOptions, since: Position | undefined) {
    this.#options = options;
    this.#position = since;
  }

  get position(): Position | undefined {
    return this.#position && placeOf(this.#position);
  }

  /** The room was entered. @param recovered what was missed follows by itself */
  entered(at: Position, recovered: boolean): void {
    const turn = ++this.#turn;
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
    if (!recovered) this.#readMissed(turn);
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

  /** Messages up to there will not come from the gateway. @param inHistory they are in the history */
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
    // Else it is read already, up to the target.
    if (this.#held !== undefined) return;
    this.#held = [];
    this.#options.onBehind();
    this.#readMissed(++this.#turn);
  }

  /** The connection, or the room, is gone. */
  interrupted(): void {
    this.#turn++;
    this.#held = this.#target = undefined;
  }

  /** @param entered resolves when the room was entered */
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

  async #readMissed(turn: number): Promise<void> {
    const wanted = (): boolean => turn === this.#turn;
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

/** The place behind it. */
function after({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}

/** Only that, of what may be a whole message. */
export function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
