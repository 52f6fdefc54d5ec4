import type { Logger } from '@chorus/service';
import {
  type Broker,
  type BrokerListener,
  type ControlEvent,
  type Position,
  RoomNotFoundError,
} from './broker.js';

export interface RoomFeedsHandlers {
  /** The next message of a room: exactly once, in order. */
  onMessage(roomId: number, seq: number, frame: Uint8Array): void;
  onNotice(roomId: number, frame: Uint8Array): void;
  onControl(event: ControlEvent): void;
}

export interface RoomFeedsOptions {
  /** How long a room nobody uses stays subscribed, in milliseconds: reconnects and page changes are common. */
  lingerMs: number;
  /** Pause before a repair that failed is tried again, in milliseconds. */
  retryMs: number;
  log: Logger;
}

interface Arrival {
  position: Position;
  frame: Uint8Array;
}

interface Feed {
  readonly roomId: number;
  users: number;
  /** Everything up to here has been delivered. */
  at: Position;
  /** Arrivals that wait for the position to be known or for a gap to be filled; undefined when neither. */
  held: Arrival[] | undefined;
  /** More arrived than could be held: the history must be asked once more. */
  overflowed: boolean;
  readonly ready: Promise<void>;
  linger: NodeJS.Timeout | undefined;
}

/** Messages read at once when a gap is filled. */
const REPAIR_PAGE = 500;
/** Arrivals held back per room. What is beyond is let go and read back from the history. */
const MAX_HELD = 5_000;

/**
 * Turns what a broker delivers into an exact sequence per room, for the rooms in use on this node.
 *
 * A room is subscribed while somebody uses it, and a little longer. Of what arrives, repetitions are
 * dropped, and a hole is filled by one read of the history for everybody on this node; arrivals
 * wait meanwhile. Nobody's connection is involved.
 */
export class RoomFeeds {
  readonly #feeds = new Map<number, Feed>();
  /** Unsubscriptions under way; a new feed of the room starts after it. */
  readonly #leaving = new Map<number, Promise<void>>();
  #closed = false;

  private constructor(
    private readonly broker: Broker,
    private readonly handlers: RoomFeedsHandlers,
    private readonly options: RoomFeedsOptions,
  ) {}

  /** @param connect makes the broker, given the listener that it must call */
  static async open(
    connect: (listener: BrokerListener) => Promise<Broker>,
    handlers: RoomFeedsHandlers,
    options: RoomFeedsOptions,
  ): Promise<{ broker: Broker; feeds: RoomFeeds }> {
    let feeds: RoomFeeds | undefined;
    const broker = await connect({
      onMessage: (roomId, position, frame) => feeds?.receive(roomId, { position, frame }),
      onNotice: (roomId, frame) => feeds?.notice(roomId, frame),
      onControl: (event) => feeds?.handlers.onControl(event),
      onResumed: () => void feeds?.checkAll(),
    });
    feeds = new RoomFeeds(broker, handlers, options);
    return { broker, feeds };
  }

  /** Rooms subscribed at the moment, those lingering included. */
  get size(): number {
    return this.#feeds.size;
  }

  /** The position up to which a room in use has been delivered here. */
  position(roomId: number): Position | undefined {
    return this.#feeds.get(roomId)?.at;
  }

  /**
   * Starts using a room; each call needs one {@link release}. Once resolved, every message after the
   * room's position is delivered.
   *
   * @throws {RoomNotFoundError} {BrokerUnavailableError} the room is not in use then
   */
  async acquire(roomId: number): Promise<void> {
    let feed = this.#feeds.get(roomId);
    if (feed === undefined) {
      feed = this.#start(roomId);
      this.#feeds.set(roomId, feed);
    }
    feed.users++;
    clearTimeout(feed.linger);
    feed.linger = undefined;
    try {
      await feed.ready;
    } catch (error) {
      // The first to notice takes the feed down; later callers start anew.
      if (this.#feeds.get(roomId) === feed) this.#stop(feed);
      throw error;
    }
  }

  release(roomId: number): void {
    const feed = this.#feeds.get(roomId);
    if (feed === undefined || --feed.users > 0) return;
    feed.linger = setTimeout(() => {
      if (feed.users === 0) this.#stop(feed);
    }, this.options.lingerMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const feed of this.#feeds.values()) clearTimeout(feed.linger);
    this.#feeds.clear();
    await this.broker.close();
  }

  #start(roomId: number): Feed {
    const feed: Feed = {
      roomId,
      users: 0,
      at: { epoch: 0, seq: 0 },
      held: [],
      overflowed: false,
      ready: (this.#leaving.get(roomId) ?? Promise.resolve())
        .then(() => this.broker.subscribe(roomId))
        // Subscribed first, position second: what arrives in between is held and then compared.
        .then(() => this.broker.position(roomId))
        .then((position) => {
          feed.at = position;
          this.#deliverHeld(feed);
        }),
      linger: undefined,
    };
    return feed;
  }

  #stop(feed: Feed): void {
    const { roomId } = feed;
    clearTimeout(feed.linger);
    this.#feeds.delete(roomId);
    const leaving = this.broker
      .unsubscribe(roomId)
      .catch((error: unknown) =>
        this.options.log.debug({ roomId, error: String(error) }, 'unsubscribe failed'),
      )
      .finally(() => {
        if (this.#leaving.get(roomId) === leaving) this.#leaving.delete(roomId);
      });
    this.#leaving.set(roomId, leaving);
  }

  private notice(roomId: number, frame: Uint8Array): void {
    if (this.#feeds.has(roomId)) this.handlers.onNotice(roomId, frame);
  }

  private receive(roomId: number, arrival: Arrival): void {
    const feed = this.#feeds.get(roomId);
    if (feed === undefined) return;
    if (feed.held === undefined) this.#take(feed, arrival);
    else if (feed.held.length < MAX_HELD) feed.held.push(arrival);
    else feed.overflowed = true;
  }

  /** Delivers an arrival if it is the next one, drops it if it was delivered, else repairs the gap before it. */
  #take(feed: Feed, arrival: Arrival): void {
    const { epoch, seq } = arrival.position;
    if (epoch === feed.at.epoch && seq === feed.at.seq + 1) {
      feed.at = arrival.position;
      this.handlers.onMessage(feed.roomId, seq, arrival.frame);
    } else if (epoch > feed.at.epoch || (epoch === feed.at.epoch && seq > feed.at.seq)) {
      feed.held = [arrival];
      void this.#repair(feed, arrival.position);
    }
  }

  #deliverHeld(feed: Feed): void {
    const held = feed.held ?? [];
    feed.held = undefined;
    for (const [index, arrival] of held.entries()) {
      this.#take(feed, arrival);
      if (feed.held !== undefined) {
        // A gap: the rest waits behind the arrival that showed it.
        (feed.held as Arrival[]).push(...held.slice(index + 1));
        return;
      }
    }
    if (feed.overflowed) {
      feed.overflowed = false;
      void this.#check(feed);
    }
  }

  /** Reads and delivers everything up to `target`; then what was held meanwhile. */
  async #repair(feed: Feed, target: Position): Promise<void> {
    feed.held ??= [];
    try {
      // All that a new epoch holds is new here.
      if (target.epoch > feed.at.epoch) feed.at = { epoch: target.epoch, seq: 0 };
      while (feed.at.seq < target.seq && this.#inUse(feed)) {
        const page = await this.broker.range(feed.roomId, target.epoch, feed.at.seq, target.seq, REPAIR_PAGE);
        const missing = (page[0]?.seq ?? target.seq + 1) - feed.at.seq - 1;
        if (missing > 0 && feed.at.seq > 0) {
          this.options.log.warn({ roomId: feed.roomId, missing }, 'messages are no longer in the history');
        }
        for (const message of page) {
          feed.at = { epoch: target.epoch, seq: message.seq };
          this.handlers.onMessage(feed.roomId, message.seq, message.frame);
        }
        if (page.length < REPAIR_PAGE) feed.at = target;
      }
      this.#deliverHeld(feed);
    } catch (error) {
      this.options.log.debug({ roomId: feed.roomId, error: String(error) }, 'gap not repaired yet');
      setTimeout(() => {
        if (this.#inUse(feed)) void this.#repair(feed, target);
      }, this.options.retryMs);
    }
  }

  /** After an interruption: finds out for every room whether something was missed. */
  private async checkAll(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map((feed) => this.#check(feed)));
  }

  async #check(feed: Feed): Promise<void> {
    // A held feed is being repaired, or has its position still to come.
    if (feed.held !== undefined) return;
    feed.held = [];
    try {
      const position = await this.broker.position(feed.roomId, feed.at);
      if (this.#inUse(feed)) await this.#repair(feed, position);
    } catch (error) {
      if (error instanceof RoomNotFoundError) {
        this.handlers.onControl({ type: 'room-deleted', roomId: feed.roomId });
        return;
      }
      setTimeout(() => {
        feed.held = undefined;
        if (this.#inUse(feed)) void this.#check(feed);
      }, this.options.retryMs);
    }
  }

  #inUse(feed: Feed): boolean {
    return !this.#closed && this.#feeds.get(feed.roomId) === feed;
  }
}
