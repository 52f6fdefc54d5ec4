import { UnavailableError } from '@chorus/redis';
import {
  isAfter,
  type Position,
  RoomNotFoundError,
  type RoomStanding,
  RoomsRestoringError,
} from '../broker.js';
import { KnownRoom } from './known-room.js';
import type { HistoryLoss } from './losses.js';
import { Pause, Waiters } from './pauses.js';
import { keepDelivery } from './replay/keep-delivery.js';
import { follows, positionBefore, readAfter } from './replay/read-after.js';
import type { ReplayWindow } from './replay/window.js';
import type { MessageListener, RoomFeedParts } from './room-feed-parts.js';

/** A message that arrived and is held until the feed has caught up. */
interface Arrival {
  position: Position;
  frame: Uint8Array;
}

/** Maximum number of held arrivals. Further ones are dropped and read back from the history. */
const MAX_HELD = 5_000;
/** Maximum number of held notices. Further ones are dropped. */
const MAX_NOTICES = 500;
/** Longest pause between attempts to catch up, as a multiple of the first. */
const LONGEST_PAUSE = 4;

/**
 * Turns the arrivals of one room into an exact sequence: drops repetitions, and fills gaps from the history while later
 * arrivals are held.
 */
export class RoomFeed {
  #at: Position = { epoch: 0, seq: 0 };
  /** Arrivals held until the feed has caught up; undefined when it has. */
  #held: Arrival[] | undefined = [];
  /** Notices of a room that is not public, held likewise: among the missing messages may be removals of members. */
  readonly #notices: Uint8Array[] = [];
  /** Whether messages may be missing that no arrival would reveal: the position must be queried. */
  #doubtful = false;
  #stopped = false;
  readonly room: KnownRoom;
  /** Receives the deliveries, for clients that resume. */
  window: ReplayWindow | undefined;
  readonly #waiters = new Waiters();
  /** The pause before the next attempt to catch up. */
  readonly #pause = new Pause();

  constructor(
    readonly roomId: number,
    private readonly listener: MessageListener,
    private readonly parts: RoomFeedParts,
  ) {
    this.room = new KnownRoom(parts.retentionDays, (loss) => listener.onLost(roomId, loss));
  }

  /** Everything up to here has been delivered. */
  get at(): Position {
    return this.#at;
  }

  /** Starts at the room's position after the subscription; arrivals since then are held. */
  start(standing: RoomStanding): void {
    this.#at = standing.at;
    this.room.begin(standing);
    this.room.learn(standing, this.#at);
    void this.#catchUp();
  }

  /** Queries the room's standing, and reports the position of this feed, or one that a client claims. */
  async ask(client?: Position): Promise<RoomStanding> {
    const seen = { position: client ?? this.#at, generation: this.room.generation };
    const by = client === undefined ? 'node' : 'client';
    const standing = await this.parts.broker.standing(this.roomId, { ...seen, by });
    this.room.learn(standing, this.#at);
    return standing;
  }

  /** Known losses after a position. */
  lossSince(since: Position): HistoryLoss | undefined {
    return this.room.losses.since(since, this.#at);
  }

  /** Restarts the feed for a new room with this id. */
  reopen(standing: RoomStanding): void {
    this.room.begin(standing);
    this.room.retention.learn(standing.retentionDays);
    this.check();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether messages may be missing at present. */
  get behind(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when no message is missing; rejects if an attempt to find out fails. */
  caughtUp(): Promise<void> {
    if (this.#held === undefined) return Promise.resolve();
    return this.#waiters.wait();
  }

  /** Stops deliveries. */
  stop(): void {
    this.#stopped = true;
    this.#pause.end();
    this.#waiters.reject(new UnavailableError('the room is not in use any more'));
  }

  /** Handles an arrival, which may be a repetition. */
  receive(position: Position, frame: Uint8Array): void {
    if (this.#held === undefined) {
      if (follows(this.#at, position)) this.#deliver(position, frame);
      else if (isAfter(position, this.#at)) {
        this.#held = [{ position, frame }];
        void this.#catchUp();
      }
    } else if (this.#held.length < MAX_HELD) this.#held.push({ position, frame });
    else this.#doubtful = true;
  }

  /** Handles a frame without a position. */
  receiveNotice(frame: Uint8Array): void {
    if (this.#held === undefined || this.room.kind === 'public') this.listener.onNotice(this.roomId, frame);
    else if (this.#notices.length < MAX_NOTICES) this.#notices.push(frame);
  }

  /** Checks whether messages were missed. */
  check(): void {
    this.#doubtful = true;
    if (this.#held === undefined) {
      this.#held = [];
      void this.#catchUp();
    } else {
      // Not started, or catching up already: ends its pause, as the broker is back.
      this.#pause.end();
    }
  }

  /** Handles a change without a message. @param to the room's position, if only that has changed */
  moved(to: Position | undefined): void {
    const known = to !== undefined && this.#held === undefined && to.epoch === this.#at.epoch;
    if (!known || isAfter(to, this.#at)) this.check();
  }

  #moveTo(position: Position): void {
    if (position.epoch !== this.#at.epoch) this.room.losses.crossed(this.#at, position);
    this.#at = position;
  }

  #deliver(position: Position, frame: Uint8Array): void {
    this.#moveTo(position);
    if (this.window !== undefined) keepDelivery(this.window, this.roomId, position, frame);
    this.listener.onMessage(this.roomId, position, frame);
  }

  /** Delivers held arrivals as far as they follow without a gap. @returns the first position behind a gap, if any */
  #deliverHeld(): Position | undefined {
    const held = this.#held ?? [];
    for (const [index, arrival] of held.entries()) {
      if (follows(this.#at, arrival.position)) this.#deliver(arrival.position, arrival.frame);
      else if (isAfter(arrival.position, this.#at)) {
        this.#held = held.slice(index);
        return arrival.position;
      }
    }
    this.#held = [];
    return undefined;
  }

  /** Runs until no message is missing. Arrivals are held exactly while it runs. */
  async #catchUp(): Promise<void> {
    let pauseMs = this.parts.retryMs;
    while (!this.#stopped) {
      const target = this.#deliverHeld();
      if (target === undefined && !this.#doubtful) {
        this.#held = undefined;
        for (const frame of this.#notices.splice(0)) this.listener.onNotice(this.roomId, frame);
        this.#waiters.resolve();
        return;
      }
      try {
        await this.#fill(target);
        pauseMs = this.parts.retryMs;
      } catch (error) {
        if (error instanceof RoomNotFoundError) {
          this.#doubtful = false;
          this.parts.onVanished(this.roomId);
          continue;
        }
        this.#doubtful = true;
        this.#waiters.reject(error);
        this.parts.log.debug({ roomId: this.roomId, error: String(error) }, 'could not catch up yet');
        // A notice arrives when the room is restored, so polling can be slow.
        if (error instanceof RoomsRestoringError) pauseMs = this.parts.retryMs * LONGEST_PAUSE;
        await this.#pause.wait(pauseMs);
        pauseMs = Math.min(pauseMs * 2, this.parts.retryMs * LONGEST_PAUSE);
      }
    }
  }

  /** Reads and delivers everything up to `known`, or up to the room's position. */
  async #fill(known: Position | undefined): Promise<void> {
    const { question } = this.parts;
    const target = await question(() => this.#findTarget(known));
    if (await question(() => this.#readUpTo(target, this.room.kind === 'public'))) return;
    // Not as a query: other rooms would wait for it.
    await this.#checkMembers();
    await question(() => this.#readUpTo(target, true));
  }

  /** Resolves when the members are checked, or deliveries have stopped. */
  async #checkMembers(): Promise<void> {
    while (!this.#stopped) {
      try {
        return await this.listener.checkMembers(this.roomId);
      } catch (error) {
        this.#waiters.reject(error);
        this.parts.log.debug({ roomId: this.roomId, error: String(error) }, 'members are not known yet');
        await this.#pause.wait(this.parts.retryMs);
      }
    }
  }

  /** Returns `known`, or else the room's position. Across epochs also learns what is lost between them. */
  async #findTarget(known: Position | undefined): Promise<Position> {
    if (known?.epoch === this.#at.epoch || this.#stopped) return known ?? this.#at;
    if (known === undefined) this.#doubtful = false;
    const standing = await this.ask();
    const room = this.room;
    const another = room.generation !== '' && standing.generation !== room.generation;
    room.generation = standing.generation;
    if (another && !this.#stopped) {
      // Members of the deleted room get none of the new room's messages.
      this.window?.cut(standing.at);
      this.#at = standing.at;
      throw new RoomNotFoundError(this.roomId);
    }
    return known ?? standing.at;
  }

  /**
   * @param checked whether the members are known to be right although entries are missing
   * @returns false if entries may be missing before the next delivery, and the members must be checked
   */
  async #readUpTo(target: Position, checked: boolean): Promise<boolean> {
    const { counters } = this.parts;
    let delivered = 0;
    let lost = 0;
    while (!this.#stopped && isAfter(target, this.#at)) {
      if (!checked && target.epoch !== this.#at.epoch) return false;
      const { expiredUpTo } = this.room.retention;
      const { broker, pageSize } = this.parts;
      const page = await readAfter(broker, this.roomId, this.#at, target, pageSize, expiredUpTo);
      if (this.#stopped) break;
      if (!checked && !page.exact) return false;
      const [first] = page.messages;
      if (first !== undefined && !page.exact) lost += this.#skipTo(positionBefore(first));
      for (const { epoch, seq, frame } of page.messages) this.#deliver({ epoch, seq }, frame);
      delivered += page.messages.length;
      counters.gapMessages += page.messages.length;
      if (!page.complete && first === undefined && page.end !== undefined) {
        lost += this.#skipTo(page.end);
        this.#moveTo(page.end);
      }
      if (!page.complete || !isAfter(target, this.#at)) continue;
      if (!checked) return false;
      // An epoch can begin without a message; in all other cases there is a gap.
      const reached = (first !== undefined || page.exact) && target.seq === this.#at.seq;
      if (!reached) lost += this.#skipTo(target);
      this.#moveTo(target);
    }
    if (lost > 0) counters.gapsLost++;
    else if (delivered > 0) counters.gapsRepaired++;
    return true;
  }

  /**
   * Skips messages that are missing before that position and cannot be recovered.
   * @returns their number, by the difference of positions
   */
  #skipTo(position: Position): number {
    const missing = Math.max(0, position.seq - this.#at.seq);
    this.window?.cut(position);
    this.parts.counters.messagesLost += missing;
    if (missing > 0) {
      this.parts.log.warn({ roomId: this.roomId, missing }, 'messages are no longer in the history');
      this.listener.onLost(this.roomId, { from: this.#at, to: position, recoverable: true });
    }
    return missing;
  }
}
