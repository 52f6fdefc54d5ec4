import type { RoomKind } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import pLimit from 'p-limit';
import type { Broker, BrokerListener, ControlEvent, Position } from '../broker.js';
import type { HistoryLoss } from './losses.js';
import { type EntryFilter, FeedCounters, type Replay, type RoomFeedStats } from './replay/replay.js';
import { RoomReplays, type RoomReplaysParts } from './replay/room-replays.js';
import { ReplayBudget } from './replay/window.js';
import { RoomFeed } from './room-feed.js';
import type { RoomFeedOptions } from './room-feed-options.js';
import type { MessageListener, RoomFeedParts } from './room-feed-parts.js';

/** Receives the events of the rooms in use. */
export interface RoomListener extends MessageListener {
  /** Everything up to that position is in the database. A notice can be missed or late. */
  onStored(roomId: number, upTo: Position): void;
}

/** Receives events that concern the whole node. */
export interface NodeListener {
  /** A control event. A `room-deleted` that was missed is delivered later, possibly twice. */
  onControl(event: ControlEvent): void;
  /** Deliveries have resumed after an interruption: events may have been missed. Rooms are repaired automatically. */
  onResumed(): void;
}

/** A room in use, or lingering. */
interface Use {
  readonly feed: RoomFeed;
  readonly replays: RoomReplays;
  users: number;
  /** Whether the room was deleted. Another one may have its id by now. */
  gone: boolean;
  /** Settles when the subscription was confirmed or has failed. */
  readonly subscribed: Promise<void>;
  /** Resolves when the feed has started. */
  readonly ready: Promise<void>;
  isReady: boolean;
  linger: NodeJS.Timeout | undefined;
}

const ignore = (): void => undefined;

/** Maximum number of concurrent queries to the broker when many rooms catch up after an outage. */
const MAX_QUESTIONS = 200;
const MIB = 1024 * 1024;

/**
 * Exact sequences of messages for the rooms in use on this node.
 *
 * A room is subscribed while it is in use, and a little longer. Its {@link RoomFeed} repairs a gap with one read for
 * all sockets of this node; no socket is closed for that.
 */
export class RoomFeedRegistry implements BrokerListener {
  readonly #uses = new Map<number, Use>();
  /** Unsubscriptions in progress; a new feed of a room starts after its own has ended. */
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
      retentionDays: options.retentionDays,
      onRecovered: options.onRecovered,
      log: options.log,
    };
  }

  /**
   * Sets the listeners. Called once, before the first {@link acquire}. The caller makes this registry, or a listener
   * that forwards to it, the listener of the broker.
   */
  listen(rooms: RoomListener, node: NodeListener): void {
    this.#listeners = { rooms, node };
  }

  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    this.#uses.get(roomId)?.feed.receive(position, frame);
  }

  onNotice(roomId: number, frame: Uint8Array): void {
    this.#uses.get(roomId)?.feed.receiveNotice(frame);
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
      // A late event about an earlier room: the current members are in the room that has the id now.
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

  /** Number of subscribed rooms, lingering ones included. */
  get size(): number {
    return this.#uses.size;
  }

  /** Figures over all rooms. Visits each of them. */
  get stats(): RoomFeedStats {
    let behind = 0;
    for (const { feed } of this.#uses.values()) if (feed.behind) behind++;
    const { counters, budget } = this.#parts;
    return { rooms: this.size, behind, ...counters, replayBytes: budget.used };
  }

  /** Position up to which a room in use has been delivered on this node. */
  position(roomId: number): Position | undefined {
    return this.#uses.get(roomId)?.feed.at;
  }

  /** The kind of a room in use; `private` for any other, so that it is shown to no user by mistake. */
  kind(roomId: number): RoomKind {
    return this.#uses.get(roomId)?.feed.room.kind ?? 'private';
  }

  /** Entries of a room in use that were sent up to this time are not served any more; undefined without a limit. */
  expiredUpTo(roomId: number): number | undefined {
    return this.#uses.get(roomId)?.feed.room.retention.expiredUpTo;
  }

  /**
   * Starts using a room; each call that resolves needs one {@link release}. Once resolved, every message after the
   * room's position is delivered.
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
   * Like {@link acquire}, at once, for a room that is subscribed already.
   * @returns false for any other room, which is not in use then
   */
  acquireNow(roomId: number): boolean {
    const use = this.#uses.get(roomId);
    if (use === undefined || !use.isReady || use.gone || this.#closed) return false;
    use.users++;
    clearTimeout(use.linger);
    return true;
  }

  /**
   * Replays the entries after `since` in a room in use. Clients that resume concurrently share the reads.
   * @returns undefined if they cannot be had without a gap: the position is ahead of the room, messages are or may be
   *   lost since, the recent history does not reach back that far, they are too many, or the room does not exist any
   *   more
   * @throws {UnavailableError}
   */
  async replay(roomId: number, since: Position, entries: EntryFilter = 'all'): Promise<Replay | undefined> {
    const use = this.#uses.get(roomId);
    if (use === undefined || use.gone) return undefined;
    const replay = await use.replays.open(since, entries);
    if (!use.gone) return replay;
    replay?.end();
    return undefined;
  }

  /** Known losses after a position in a room in use. */
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
    // Subscribes first, then reads the position: arrivals in between are held and then compared.
    const ready = subscribed
      .then(() => this.broker.standing(roomId))
      .then((standing) => feed.start(standing));
    const replays = new RoomReplays(feed, this.#parts);
    const use: Use = {
      feed,
      replays,
      users: 0,
      gone: false,
      subscribed,
      ready,
      isReady: false,
      linger: undefined,
    };
    ready.then(() => {
      use.isReady = true;
    }, ignore);
    return use;
  }

  /** Checks whether there is a room of that id again. */
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
    event.type === 'room-deleted' && event.generation !== undefined && feed.room.isNewerThan(event.generation)
  );
}
