import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Broker,
  isAfter,
  type Position,
  RoomNotFoundError,
  type RoomStanding,
  type StoredMessage,
} from '../../broker.js';
import type { RoomFeed } from '../room-feed.js';
import { keepHistory } from './keep-delivery.js';
import { positionBefore, readAfter, samePosition } from './read-after.js';
import type { EntryFilter, FeedCounters, Replay } from './replay.js';
import { newest, type ReplayBudget, ReplayWindow, type WindowLimits } from './window.js';

export interface RoomReplaysParts {
  broker: Broker;
  question<T>(work: () => Promise<T>): Promise<T>;
  counters: FeedCounters;
  limits: WindowLimits;
  budget: ReplayBudget;
  /** Messages read at once. */
  pageSize: number;
  /** Time for which messages are kept after their last reader, in milliseconds. */
  keepMs: number;
  /** Called when a client has received all missed messages, with the milliseconds since its request. */
  onRecovered?: ((ms: number) => void) | undefined;
}

/**
 * Share of a page that is read in addition before the requested position, within the epoch: clients that resume
 * together have missed nearly identical messages.
 */
const SLACK = 1 / 16;

/**
 * Time that clients with a position of an earlier incarnation wait until the losses are known, in milliseconds: other
 * nodes must reconnect first, and all rooms be compared with the database.
 */
const KNOWN_WITHIN_MS = 2_500;
/** Pause between two queries about losses, in milliseconds. */
const ASK_AGAIN_MS = 100;

/** A read of the history, and the replays that wait for it. */
interface Flight {
  readonly from: Position;
  readonly done: Promise<void>;
}

/**
 * Replays of one room. All of them read from one {@link ReplayWindow}; messages missing in it are read once for all
 * replays that wait.
 */
export class RoomReplays {
  #window: ReplayWindow | undefined;
  /** Number of waiting and active replays. */
  #users = 0;
  #idle: NodeJS.Timeout | undefined;
  #flight: Flight | undefined;
  /** Query about losses in progress, shared by all replays that wait for it. */
  #standing: Promise<RoomStanding> | undefined;
  /** The read that follows the one in progress, and the oldest position requested from it. */
  #next: { from: Position; done: Promise<void> } | undefined;

  constructor(
    private readonly feed: RoomFeed,
    private readonly parts: RoomReplaysParts,
  ) {}

  /**
   * Opens a replay.
   * @returns undefined if the messages after `since` cannot be had without a gap
   * @throws {UnavailableError}
   */
  async open(since: Position, entries: EntryFilter): Promise<Replay | undefined> {
    this.#enter();
    const askedAt = performance.now();
    try {
      const replay = await this.#find(since, askedAt, entries);
      if (replay === undefined) this.parts.counters.replaysRefused++;
      else this.parts.counters.replays++;
      return replay;
    } finally {
      this.#leave();
    }
  }

  /** Ends all replays and drops the window. */
  dispose(): void {
    clearTimeout(this.#idle);
    this.#window?.dispose();
    this.#window = undefined;
    this.feed.window = undefined;
  }

  async #find(since: Position, askedAt: number, entries: EntryFilter): Promise<Replay | undefined> {
    const { feed, parts } = this;
    const { question } = parts;
    /** An epoch that the room continues without a gap. */
    let wholeSince: number | undefined;
    while (!feed.stopped) {
      if (isAfter(since, feed.at)) {
        if (await this.#isAhead(since)) return undefined;
        continue;
      }
      // Numbers of a room are consecutive, also across epochs: too many messages can be refused without reading them.
      if (feed.at.seq - since.seq > parts.limits.maxMessages) return undefined;
      this.#window ??= this.#openWindow();
      this.#window.expire(feed.room.retention.expiredUpTo);
      const place = this.#window.find(since, feed.at);
      if (place === 'gone') {
        // The client may have seen messages that no node has. Nothing depends on the answer.
        if (since.epoch < feed.at.epoch) void question(() => feed.ask(since)).catch(() => undefined);
        return undefined;
      }
      if (place === 'unread') await this.#extend(since);
      else if (since.epoch === feed.at.epoch || since.epoch === wholeSince) {
        return this.#replay(this.#window, since, place, askedAt, entries);
      } else if (await this.#goesOn(since, askedAt)) wholeSince = since.epoch;
      else return undefined;
    }
    return undefined;
  }

  /** Whether a position is ahead of the room. If only the feed is behind, waits until it has caught up. */
  async #isAhead(since: Position): Promise<boolean> {
    const { broker, question } = this.parts;
    try {
      const stands = await question(() => broker.position(this.feed.roomId));
      if (isAfter(since, stands)) return isAfter(since, this.feed.at);
    } catch (error) {
      if (error instanceof RoomNotFoundError) return true;
      throw error;
    }
    if (isAfter(since, this.feed.at)) {
      this.feed.check();
      await this.feed.caughtUp();
    }
    return false;
  }

  /** Whether nothing was lost between a position and the following epochs, as far as can be known. */
  async #goesOn(since: Position, askedAt: number): Promise<boolean> {
    for (;;) {
      this.#standing ??= this.parts
        .question(() => this.feed.ask())
        .finally(() => {
          this.#standing = undefined;
        });
      const { wholeFrom, settled } = await this.#standing;
      if (since.epoch < wholeFrom) return false;
      if (settled) return true;
      if (this.feed.stopped || performance.now() - askedAt > KNOWN_WITHIN_MS) return false;
      await sleep(ASK_AGAIN_MS);
    }
  }

  #openWindow(): ReplayWindow {
    const window = new ReplayWindow(this.feed.at, this.parts.limits, this.parts.budget);
    this.feed.window = window;
    return window;
  }

  #replay(
    window: ReplayWindow,
    since: Position,
    from: number,
    askedAt: number,
    entries: EntryFilter,
  ): Replay {
    const { generation } = window;
    const { counters, onRecovered } = this.parts;
    const { retention } = this.feed.room;
    let place = from;
    let ended = false;
    let complete = false;
    this.#enter();
    return {
      get upTo() {
        return window.lastMessage(from) ?? since;
      },
      next: (maxBytes) => {
        if (ended || window.generation !== generation) return undefined;
        window.expire(retention.expiredUpTo);
        const read = window.read(place, maxBytes, entries);
        if (read === undefined) return undefined;
        const { frames } = read;
        place = read.end;
        counters.replayedMessages += frames.length;
        if (frames.length === 0 && !complete) {
          complete = true;
          onRecovered?.(performance.now() - askedAt);
        }
        return frames;
      },
      end: () => {
        if (ended) return;
        ended = true;
        this.#leave();
      },
    };
  }

  /** Resolves when a read from that position, or an earlier one, has completed. */
  #extend(since: Position): Promise<void> {
    const slack = Math.floor(this.parts.pageSize * SLACK);
    const from = { epoch: since.epoch, seq: Math.max(0, since.seq - slack) };
    if (this.#flight !== undefined && !isAfter(this.#flight.from, since)) return this.#flight.done;
    if (this.#next !== undefined) {
      if (isAfter(this.#next.from, from)) this.#next.from = from;
      return this.#next.done;
    }
    const before = this.#flight?.done.catch(() => undefined);
    // Deferred: other clients that resume in this tick may need older messages.
    const done = (before ?? new Promise((resolve) => setImmediate(resolve))).then(() => this.#fly());
    this.#next = { from, done };
    return done;
  }

  async #fly(): Promise<void> {
    const flight = this.#next;
    if (flight === undefined) return;
    this.#next = undefined;
    this.#flight = flight;
    try {
      await this.#read(flight.from);
    } finally {
      this.#flight = undefined;
    }
  }

  /** Reads the history from a position on into the window, as much as fits. */
  async #read(from: Position): Promise<void> {
    const { broker, question, counters, limits } = this.parts;
    const window = this.#window;
    if (window === undefined || !isAfter(window.start, from)) return;
    const { generation, start } = window;
    const room = limits.maxRoomBytes - window.bytes;
    let run: StoredMessage[] = [];
    let fits = true;
    // Includes the message at `from`, which shows that everything after it is complete.
    for (let at = positionBefore(from); ; ) {
      counters.replayReads++;
      const { roomId, room: known } = this.feed;
      const { expiredUpTo } = known.retention;
      const page = await question(() =>
        readAfter(broker, roomId, at, start, this.parts.pageSize, expiredUpTo),
      );
      // The read is useless if the window does not begin there any more.
      if (window !== this.#window || window.generation !== generation || window.start !== start) return;
      if (!page.exact) run = [];
      run.push(...page.messages);
      const kept = newest(run, room);
      fits &&= kept.length === run.length;
      run = kept;
      if (page.complete || page.end === undefined || samePosition(page.end, start)) break;
      at = page.end;
    }
    // A room's numbers continue across epochs: no message can lie between two positions of one number.
    const joins = run.length === 0 ? fits : run.at(-1)?.seq === start.seq;
    if (joins) keepHistory(window, this.feed.roomId, run, from);
    if (!joins || !fits) window.closeBelow();
  }

  #enter(): void {
    this.#users++;
    clearTimeout(this.#idle);
  }

  #leave(): void {
    if (--this.#users > 0 || this.#window === undefined) return;
    this.#idle = setTimeout(() => this.dispose(), this.parts.keepMs).unref();
  }
}
