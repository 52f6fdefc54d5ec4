import {
  type CurrentMessage,
  formatPosition,
  isAfter,
  type Message,
  type Position,
  type Room,
} from '@chorus/client';
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

/** A message that another one replies to. `missing`: the room has no such message, or it cannot be read. */
export type Quoted = Message | 'missing' | undefined;

/** The messages that others reply to, as they are now: from the loaded messages, or read one by one. */
export class Quotes {
  readonly #room: Pick<Room, 'history'>;
  readonly #known = new Map<string, Signal<Quoted>>();
  #messages: readonly CurrentMessage[] = [];

  constructor(room: Pick<Room, 'history'>) {
    this.#room = room;
  }

  /** Returns the message at a position, which is undefined until it has been read. */
  of(position: Position): ReadonlySignal<Quoted> {
    const key = formatPosition(position);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const quoted = signal<Quoted>(messageAt(this.#messages, position));
    this.#known.set(key, quoted);
    if (quoted.value === undefined) void this.#read(position, quoted);
    return quoted;
  }

  /** The loaded messages have changed. */
  update(messages: readonly CurrentMessage[]): void {
    this.#messages = messages;
    for (const [key, quoted] of this.#known) {
      const [epoch = 0, seq = 0] = key.split('-').map(Number);
      const message = messageAt(messages, { epoch, seq });
      if (message !== undefined) quoted.value = message;
    }
  }

  async #read({ epoch, seq }: Position, quoted: Signal<Quoted>): Promise<void> {
    const before = formatPosition({ epoch, seq: seq + 1 });
    const page = await this.#room.history({ before, limit: 1 }).catch(() => undefined);
    const found = page?.messages.at(-1);
    quoted.value ??= found?.epoch === epoch && found.seq === seq ? found : 'missing';
  }
}

/** Returns the message at a position, if it is among these, which are in order. */
export function messageAt<M extends Position>(messages: readonly M[], position: Position): M | undefined {
  let [from, to] = [0, messages.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const at = messages[middle];
    if (at !== undefined && isAfter(position, at)) from = middle + 1;
    else to = middle;
  }
  const found = messages[from];
  return found?.epoch === position.epoch && found.seq === position.seq ? found : undefined;
}
