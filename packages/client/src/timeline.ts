import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { catchUp } from './catch-up.js';
import type { ChorusError } from './chorus-error.js';
import type { RoomHost } from './room-host.js';
import type { Message } from './types.js';

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

/** What was said in a room, as far as the application has been told: forwards as it comes, backwards as it asks. */
export class Timeline {
  readonly #options: TimelineOptions;
  /** The last message delivered, or where the room stood. */
  #position: Position | undefined;
  /** Where the room stood when it was entered, as long as not everything up to there has been delivered. */
  #target: Position | undefined;
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
    // A place before the first message is none of a message: nothing will come that has it.
    if (position === undefined || (recovered && (at.seq === 0 || !isAfter(at, position)))) {
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
    this.#position = message;
    this.#options.deliver(message);
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
      this.#position = to;
      if (error !== undefined) this.#options.onGap(from, to, error);
    }
    for (const message of this.#held ?? []) if (wanted()) this.#deliver(message);
    if (wanted()) this.#caughtUp();
  }

  #caughtUp(): void {
    this.#held = this.#target = undefined;
    this.#options.onCaughtUp();
  }
}

/** The place behind it. */
function after({ epoch, seq }: Position): Position {
  return { epoch, seq: seq + 1 };
}

/** Only that, of what may be a whole message. */
export function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
