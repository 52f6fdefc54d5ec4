import { UnavailableError } from '@chorus/redis';
import type { Logger } from '@chorus/service';
import pLimit from 'p-limit';
import type { Broker, BrokerListener, ControlEvent, Position } from '../broker.js';
import type { HistoryLoss } from './losses.js';
import { FeedCounters, type Replay, type RoomFeedStats } from './replay.js';
import { ReplayBudget } from './replay-window.js';
import { type MessageListener, RoomFeed, type RoomFeedParts } from './room-feed.js';
import { RoomReplays, type RoomReplaysParts } from './room-replays.js';

/** Receives what arrives for the rooms in use. */
export interface RoomListener extends MessageListener {
  onNotice(roomId: number, frame: Uint8Array): void;
  /** Messages up to that position are in the database. Can be missed, and can be late. */
  onStored(roomId: number, upTo: Position): void;
}

/** Receives what concerns the node as a whole. */
export interface NodeListener {
  /** A `room-deleted` that could not be received comes later; it may come twice. */
  onControl(event: ControlEvent): void;
  /** Deliveries flow again after an interruption: events may have been missed. Rooms are repaired by themselves. */
  onResumed(): void;
}

export interface RoomFeedOptions {
  /** How long an unused room stays subscribed, in milliseconds: reconnects and page changes are common. */
  lingerMs: number;
  /** First pause before a repair that failed is tried again, in milliseconds; later ones are longer. */
  retryMs: number;
  /** Messages read from the history at once. Default 500. */
  pageSize?: number;
  /** Who has missed more messages than this cannot have them replayed. Default 10,000. */
  recoveryMaxMessages?: number;
  /** How long replayed messages are kept for others who return, in milliseconds. Default 5,000. */
  replayKeepMs?: number;
  /** Memory for replays of one room, in bytes. Default 16 MiB. */
  replayRoomBytes?: number;
  /** Memory for replays of all rooms, in bytes. Default 128 MiB. */
  replayBytes?: number;
  /** A returning client has got all that it missed, so many milliseconds after it had asked. */
  onRecovered?: ((ms: number) => void) | undefined;
  log: Logger;
}

/** A room in use, or lingering. */
interface Use {
  readonly feed: RoomFeed;
  readonly replays: RoomReplays;
  users: number;
  /** The room was deleted. Another one may have its id by now. */
  gone: boolean;
  /** Settles when the subscription was confirmed or has failed. */
  readonly subscribed: Promise<void>;
  /** Resolves when the feed has started. */
  readonly ready: Promise<void>;
  linger: NodeJS.Timeout | undefined;
}

/** Questions to the broker at a time when many rooms have to catch up at once, after an outage. */
const MAX_QUESTIONS = 200;
const MIB = 1024 * 1024;

/**
 * Exact sequences of messages for the rooms in use on this node.
 *
 * A room is subscribed while it is in use, and a little longer. Its {@link RoomFeed} repairs a gap with one read for all
 * sockets of this node; no socket is closed for that.
 */
export class RoomFeedRegistry implements BrokerListener {
  readonly #uses = new Map<number, Use>();
  /** Unsubscriptions under way; a new feed of the room starts after it. */
  readonly #leaving = new Map<number, Promise<void>>();
  readonly #parts: RoomFeedParts & RoomReplaysParts;
  #listeners: { readonly rooms: RoomListener; readonly node: NodeListener } | undefined;
  #closed = false;

  constructor(
    private readonly broker: Broker,
    private readonly options: RoomFeedOptions,
  ) {
    const limit = pLimit(MAX_QUESTIONS);
    this.#parts = {
      broker,
      onVanished: (roomId) => this.onControl({ type: 'room-deleted', roomId }),
      question: (work) => limit(work),
      counters: new FeedCounters(),
      limits: {
        maxMessages: options.recoveryMaxMessages ?? 10_000,
        maxRoomBytes: options.replayRoomBytes ?? 16 * MIB,
      },
      budget: new ReplayBudget(options.replayBytes ?? 128 * MIB),
      keepMs: options.replayKeepMs ?? 5_000,
      pageSize: options.pageSize ?? 500,
      retryMs: options.retryMs,
      onRecovered: options.onRecovered,
      log: options.log,
    };
  }

  /**
   * Sets who is called. Called once, before the first {@link acquire}. The caller makes these feeds, or what passes on to
   * them, the listener of the broker.
   */
  listen(rooms: RoomListener, node: NodeListener): void {
    this.#listeners = { rooms, node };
  }

  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    this.#uses.get(roomId)?.feed.receive(position, frame);
  }

  onNotice(roomId: number, frame: Uint8Array): void {
    if (this.#uses.has(roomId)) this.#listeners?.rooms.onNotice(roomId, frame);
  }

  onStored(roomId: number, upTo: Position): void {
    this.#listeners?.rooms.onStored(roomId, upTo);
  }

  onMoved(roomId: number, to?: Position): void {
    this.#uses.get(roomId)?.feed.moved(to);
  }

  onControl(event: ControlEvent): void {
    const use = event.type === 'room-deleted' ? this.#uses.get(event.roomId) : undefined;
    if (use !== undefined) {
      // Heard late: those who are here are in the room that has the id now.
      if (isAboutEarlier(event, use.feed)) return;
      use.gone = true;
      use.replays.dispose();
      if (use.users === 0) this.#stop(use);
    }
    this.#listeners?.node.onControl(event);
  }

  onResumed(): void {
    for (const { feed } of this.#uses.values()) feed.check();
    this.#listeners?.node.onResumed();
  }

  /** Rooms subscribed at the moment, those lingering included. */
  get size(): number {
    return this.#uses.size;
  }

  /** What can be told about all rooms together. Looks at each of them. */
  get stats(): RoomFeedStats {
    let behind = 0;
    for (const { feed } of this.#uses.values()) if (feed.behind) behind++;
    const { counters, budget } = this.#parts;
    return { rooms: this.size, behind, ...counters, replayBytes: budget.used };
  }

  /** The position up to which a room in use has been delivered here. */
  position(roomId: number): Position | undefined {
    return this.#uses.get(roomId)?.feed.at;
  }

  /**
   * Starts using a room; each call that resolves needs one {@link release}. Once resolved, every message
   * after the room's position is delivered.
   *
   * @throws {RoomNotFoundError} {UnavailableError} the room is not in use then
   */
  async acquire(roomId: number): Promise<void> {
    if (this.#closed) throw new UnavailableError('the feeds are closed');
    let use = this.#uses.get(roomId);
    if (use === undefined) {
      use = this.#start(roomId);
      this.#uses.set(roomId, use);
    }
    use.users++;
    clearTimeout(use.linger);
    try {
      await use.ready;
      if (use.gone) await this.#reopen(use);
    } catch (error) {
      if (--use.users === 0) this.#stop(use);
      throw error;
    }
  }

  /**
   * What follows `since` in a room in use, up to now and for as long as the caller keeps reading. Clients that
   * return together share the reads.
   *
   * @returns undefined when it cannot be had without a hole: the position is ahead of the room, something is or may be
   *   lost since, or the recent history does not reach back that far; when it would be too much; or when the room does not exist any more
   * @throws {UnavailableError}
   */
  async replay(roomId: number, since: Position): Promise<Replay | undefined> {
    const use = this.#uses.get(roomId);
    if (use === undefined || use.gone) return undefined;
    const replay = await use.replays.open(since);
    if (!use.gone) return replay;
    replay?.end();
    return undefined;
  }

  /** What followed a position in a room in use, and is known to be lost. */
  lossSince(roomId: number, since: Position): HistoryLoss | undefined {
    return this.#uses.get(roomId)?.feed.lossSince(since);
  }

  release(roomId: number): void {
    const use = this.#uses.get(roomId);
    if (use === undefined || use.users === 0 || --use.users > 0) return;
    if (use.gone) this.#stop(use);
    else use.linger = setTimeout(() => this.#stop(use), this.options.lingerMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const use of this.#uses.values()) {
      clearTimeout(use.linger);
      use.feed.stop();
      use.replays.dispose();
    }
    this.#uses.clear();
    await this.broker.close();
  }

  #start(roomId: number): Use {
    if (this.#listeners === undefined) throw new Error('a room is used before anything listens');
    const feed = new RoomFeed(roomId, this.#listeners.rooms, this.#parts);
    const left = this.#leaving.get(roomId) ?? Promise.resolve();
    const subscribed = left.then(() => this.broker.subscribe(roomId));
    // Subscribed first, position second: what arrives in between is held and then compared.
    const ready = subscribed
      .then(() => this.broker.standing(roomId))
      .then((standing) => feed.start(standing));
    const replays = new RoomReplays(feed, this.#parts);
    return { feed, replays, users: 0, gone: false, subscribed, ready, linger: undefined };
  }

  /** Finds out whether there is a room of that id again. */
  async #reopen(use: Use): Promise<void> {
    const seen = { position: use.feed.at, generation: '', by: 'node' } as const;
    const standing = await this.broker.standing(use.feed.roomId, seen);
    use.gone = false;
    use.feed.reopen(standing);
  }

  #stop(use: Use): void {
    const { roomId } = use.feed;
    if (this.#uses.get(roomId) !== use) return;
    clearTimeout(use.linger);
    this.#uses.delete(roomId);
    use.feed.stop();
    use.replays.dispose();
    const leaving = use.subscribed
      .catch(() => undefined)
      .then(() => this.broker.unsubscribe(roomId))
      .catch((error: unknown) =>
        this.options.log.debug({ roomId, error: String(error) }, 'unsubscribe failed'),
      )
      .finally(() => {
        if (this.#leaving.get(roomId) === leaving) this.#leaving.delete(roomId);
      });
    this.#leaving.set(roomId, leaving);
  }
}

function isAboutEarlier(event: ControlEvent, feed: RoomFeed): boolean {
  return (
    event.type === 'room-deleted' && event.generation !== undefined && feed.isNewerThan(event.generation)
  );
}
