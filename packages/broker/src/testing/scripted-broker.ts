import { UnavailableError } from '@chorus/redis';
import {
  type Broker,
  type BrokerListener,
  isAfter,
  type Position,
  RoomNotFoundError,
  type RoomStanding,
  type SeenOfRoom,
  type StoredMessage,
} from '../broker.js';

type Method = 'subscribe' | 'unsubscribe' | 'position' | 'between';

/**
 * A broker whose network a test controls: what is stored, what arrives, what fails and what is slow are separate
 * decisions. Nothing arrives by itself.
 */
export class ScriptedBroker implements Broker {
  listener: BrokerListener | undefined;
  readonly connected = true;
  readonly trouble = undefined;
  readonly rooms = new Map<number, StoredMessage[]>();
  readonly positions = new Map<number, Position>();
  /** Further fields of the standings of rooms. */
  readonly standings = new Map<number, Partial<Omit<RoomStanding, 'at'>>>();
  readonly subscribed = new Set<number>();
  readonly calls: Array<{ method: Method; roomId: number }> = [];
  /** Methods that reject at present. */
  readonly failing = new Set<Method>();
  /** Methods whose answers are held until {@link release}. */
  readonly slow = new Set<Method>();
  /** Whether a slow call takes effect only when it is released, rather than at once. */
  late: () => boolean = () => false;
  /** The largest epoch of any room so far: later ones are larger. */
  lastEpoch = 0;
  #held: Array<{ method: Method; go(): void }> = [];

  listen(listener: BrokerListener): void {
    this.listener = listener;
  }

  /** Creates a room at a position. */
  room(roomId: number, position: Position): void {
    this.positions.set(roomId, position);
    this.rooms.set(roomId, []);
    this.lastEpoch = Math.max(this.lastEpoch, position.epoch);
  }

  /** Stores the next message, in a new epoch if one is given. */
  store(roomId: number, epoch?: number): StoredMessage {
    const last = this.positions.get(roomId);
    if (last === undefined) throw new RoomNotFoundError(roomId);
    const position = { epoch: epoch ?? last.epoch, seq: last.seq + 1 };
    const message = { ...position, frame: Buffer.from(`${position.epoch}-${position.seq}`) };
    this.positions.set(roomId, position);
    this.rooms.get(roomId)?.push(message);
    this.lastEpoch = Math.max(this.lastEpoch, position.epoch);
    return message;
  }

  arrive(roomId: number, ...messages: StoredMessage[]): void {
    for (const { epoch, seq, frame } of messages) this.listener?.onMessage(roomId, { epoch, seq }, frame);
  }

  /** Releases the answers of a method, held ones and later ones. */
  release(method: Method): void {
    this.slow.delete(method);
    const held = this.#held.filter((call) => call.method === method);
    this.#held = this.#held.filter((call) => call.method !== method);
    for (const { go } of held) go();
  }

  /** Releases one held answer, chosen by its index among those held. */
  releaseOne(choose: (count: number) => number): void {
    const [call] = this.#held.splice(choose(this.#held.length), 1);
    call?.go();
  }

  async publishedWith(): Promise<undefined> {}

  /** Number of held answers. */
  get held(): number {
    return this.#held.length;
  }

  count(method: Method): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  subscribe(roomId: number): Promise<void> {
    return this.#answer('subscribe', roomId, () => void this.subscribed.add(roomId));
  }

  unsubscribe(roomId: number): Promise<void> {
    return this.#answer('unsubscribe', roomId, () => void this.subscribed.delete(roomId));
  }

  async position(roomId: number): Promise<Position> {
    return (await this.standing(roomId)).at;
  }

  standing(roomId: number, seen?: SeenOfRoom): Promise<RoomStanding> {
    return this.#answer('position', roomId, () => {
      const position = this.positions.get(roomId);
      if (position === undefined) throw new RoomNotFoundError(roomId);
      const calm = {
        generation: '',
        kind: 'public' as const,
        wholeFrom: 0,
        lost: undefined,
        settled: true,
        retentionDays: undefined,
        ...this.standings.get(roomId),
      };
      if (seen?.by !== 'node' || !isAfter(seen.position, position)) return { at: position, ...calm };
      this.lastEpoch = Math.max(this.lastEpoch, seen.position.epoch) + 1;
      const moved = { epoch: this.lastEpoch, seq: position.seq };
      this.positions.set(roomId, moved);
      return { at: moved, ...calm };
    });
  }

  between(roomId: number, after: Position, upTo: Position, limit: number): Promise<StoredMessage[]> {
    return this.#answer('between', roomId, () => {
      const stored = this.rooms.get(roomId) ?? [];
      return stored.filter((message) => isAfter(message, after) && !isAfter(message, upTo)).slice(0, limit);
    });
  }

  async stored(): Promise<Position> {
    return { epoch: 0, seq: 0 };
  }

  publish(): Promise<Position> {
    throw new Error('not used by feeds');
  }

  async publishNotice(): Promise<void> {}

  async watchActivity(): Promise<void> {}

  async close(): Promise<void> {}

  /** Takes effect at once, unless {@link late}; the answer may be slow, or get lost. */
  async #answer<T>(method: Method, roomId: number, action: () => T): Promise<T> {
    this.calls.push({ method, roomId });
    const fails = this.failing.has(method);
    const slow = this.slow.has(method);
    const late = slow && this.late();
    let answer = fails || late ? undefined : action();
    if (slow) await new Promise<void>((go) => this.#held.push({ method, go: () => go() }));
    if (late && !fails) answer = action();
    if (fails) throw new UnavailableError(`${method} fails`);
    return answer as T;
  }
}
