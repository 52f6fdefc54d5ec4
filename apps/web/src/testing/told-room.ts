import {
  ChorusError,
  type Delivery,
  formatPosition,
  type HistoryPage,
  isAfter,
  type Message,
  type MessageOperation,
  type Position,
  parsePosition,
  type Room,
  type RoomEvents,
  type RoomHistoryQuery,
  type SendOptions,
} from '@chorus/client';
import { ADA } from './messages.js';

/** A room that the test controls, without a gateway. */
export class ToldRoom implements Room {
  readonly id = 7;
  status: Room['status'] = 'joined';
  leftReason: Room['leftReason'];
  deliveries: Delivery[] = [];
  typists = [];
  members = [ADA];
  left = false;
  /** Earlier messages, oldest first. */
  past: Message[] = [];
  broken = false;
  readonly sent: Array<[content: string, options: SendOptions]> = [];
  readonly performed: MessageOperation[] = [];
  /** Why changes are refused. */
  refused: ChorusError | undefined;
  readonly #listeners = new Map<string, Set<(event: never) => void>>();
  #position: Position | undefined;

  get position(): Position {
    const last = this.past.at(-1) ?? { epoch: 1, seq: 0 };
    return this.#position !== undefined && isAfter(this.#position, last) ? this.#position : last;
  }

  tell<Type extends keyof RoomEvents>(type: Type, event: RoomEvents[Type]): void {
    // As a room does: its position is that of the entry.
    if (type === 'message' || type === 'change') this.#position = event as Position;
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  older = (): never => {
    throw new Error('not asked for');
  };

  async history({ before = '', limit = 50 }: RoomHistoryQuery): Promise<HistoryPage> {
    if (this.broken) throw new ChorusError('network', 'no answer', true);
    const end = parsePosition(before);
    const found = this.past.filter((each) => end === undefined || isAfter(end, each));
    const messages = found.slice(-limit);
    const first = found.length > limit ? messages[0] : undefined;
    return { messages, before: first === undefined ? null : formatPosition(first), after: null };
  }

  async send(content: string, options: SendOptions): Promise<never> {
    this.sent.push([content, options]);
    throw new ChorusError('too_big', 'the message is too large');
  }

  async perform(operation: MessageOperation): Promise<void> {
    this.performed.push(operation);
    if (this.refused !== undefined) throw this.refused;
  }

  leave(): void {
    this.left = true;
  }

  joined = async (): Promise<void> => {};
  retry = (): void => {};
  discard = (): void => {};
  typing = (): void => {};
  messages = (): never => {
    throw new Error('not asked for');
  };
}
