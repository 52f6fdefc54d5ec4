import { UnavailableError } from '@chorus/redis';
import type { Logger } from '@chorus/service';
import {
  type Broker,
  isAfter,
  type Position,
  RoomNotFoundError,
  type RoomStanding,
  RoomsRestoringError,
} from '../broker.js';
import { FeedLosses, type HistoryLoss } from './losses.js';
import { follows, positionBefore, readAfter } from './read-after.js';
import type { FeedCounters } from './replay.js';
import type { ReplayWindow } from './replay-window.js';

/** A message that arrived and waits until the feed has caught up. */
interface Arrival {
  position: Position;
  frame: Uint8Array;
}

/** Receives the messages of rooms in use. */
export interface MessageListener {
  /** The next message of a room: exactly once, in order. */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void;
  /** Messages were lost, or are no longer in the recent history, before they could be delivered here. */
  onLost(roomId: number, loss: HistoryLoss): void;
}

export interface RoomFeedParts {
  broker: Broker;
  /** The room does not exist any more, and nobody had said so. */
  onVanished(roomId: number): void;
  /** Runs the work that asks the broker, not too much at a time. */
  question<T>(work: () => Promise<T>): Promise<T>;
  counters: FeedCounters;
  /** Messages read at once. */
  pageSize: number;
  /** First pause, in milliseconds, before what failed is tried again. */
  retryMs: number;
  log: Logger;
}

/** Arrivals held back. What is beyond is let go and read back from the history. */
const MAX_HELD = 5_000;
/** The longest pause between attempts to catch up, as a multiple of the first. */
const LONGEST_PAUSE = 4;

/**
 * Turns what arrives for one room into an exact sequence: repetitions are dropped, and a hole is filled
 * from the history while later arrivals wait.
 */
export class RoomFeed {
  #at: Position = { epoch: 0, seq: 0 };
  /** Arrivals that wait until the feed has caught up; undefined when it has. */
  #held: Arrival[] | undefined = [];
  /** Something may have been missed that no arrival will show: the position must be asked for. */
  #doubtful = false;
  #stopped = false;
  /** Which of the rooms that had this id, one after the other, this is; empty when not known. */
  #generation = '';
  readonly #losses: FeedLosses;
  /** Takes in what is delivered, for those who return. */
  window: ReplayWindow | undefined;
  #waiting: Array<{ resolve(): void; reject(error: unknown): void }> = [];
  /** Ends the pause before the next attempt to catch up. */
  #wake: (() => void) | undefined;

  constructor(
    readonly roomId: number,
    private readonly listener: MessageListener,
    private readonly parts: RoomFeedParts,
  ) {
    this.#losses = new FeedLosses((loss) => listener.onLost(roomId, loss));
  }

  /** Everything up to here has been delivered. */
  get at(): Position {
    return this.#at;
  }

  /** Says where the room stood after its subscription; what arrived in between has been held. */
  start(standing: RoomStanding): void {
    this.#at = standing.at;
    this.#generation = standing.generation;
    this.#learn(standing);
    void this.#catchUp();
  }

  /** Asks where the room stands, and says how far it was delivered here, or how far somebody says that it was. */
  async ask(client?: Position): Promise<RoomStanding> {
    const seen = { position: client ?? this.#at, generation: this.#generation };
    const by = client === undefined ? 'node' : 'client';
    return this.#learn(await this.parts.broker.standing(this.roomId, { ...seen, by }));
  }

  /** What followed a position and is known to be lost. */
  lossSince(since: Position): HistoryLoss | undefined {
    return this.#losses.since(since, this.#at);
  }

  /** There is a room again, with the same id. */
  reopen({ generation }: RoomStanding): void {
    this.#generation = generation;
    this.check();
  }

  /** Whether this room was made after one of that generation. */
  isNewerThan(generation: number): boolean {
    return this.#generation !== '' && Number(this.#generation) > generation;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether messages may be missing at the moment. */
  get behind(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when nothing is missing; rejects when an attempt to find out fails. */
  caughtUp(): Promise<void> {
    if (this.#held === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Nothing is delivered any more. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
    this.#failWaiting(new UnavailableError('the room is not in use any more'));
  }

  /** A message arrived, for the first time or once more. */
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

  /** Finds out whether something was missed. */
  check(): void {
    this.#doubtful = true;
    if (this.#held === undefined) {
      this.#held = [];
      void this.#catchUp();
    } else {
      // Not started yet, or catching up already: no use in waiting longer for a broker that is back.
      this.#wake?.();
    }
  }

  /** Something has changed that no message shows. @param to where the room stands, if that is all */
  moved(to: Position | undefined): void {
    const known = to !== undefined && this.#held === undefined && to.epoch === this.#at.epoch;
    if (!known || isAfter(to, this.#at)) this.check();
  }

  #learn(standing: RoomStanding): RoomStanding {
    const { generation, lost } = standing;
    if (lost !== undefined && (this.#generation === '' || this.#generation === generation)) {
      this.#losses.learn(lost, this.#at);
    }
    return standing;
  }

  #moveTo(position: Position): void {
    if (position.epoch !== this.#at.epoch) this.#losses.crossed(this.#at, position);
    this.#at = position;
  }

  #deliver(position: Position, frame: Uint8Array): void {
    this.#moveTo(position);
    this.window?.append(position, frame);
    this.listener.onMessage(this.roomId, position, frame);
  }

  /**
   * Delivers what is held as far as it is next.
   * @returns the first position behind a gap, if any
   */
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

  /** Works until nothing is missing. Runs while, and only while, arrivals are held. */
  async #catchUp(): Promise<void> {
    let pauseMs = this.parts.retryMs;
    while (!this.#stopped) {
      const target = this.#deliverHeld();
      if (target === undefined && !this.#doubtful) {
        this.#held = undefined;
        for (const { resolve } of this.#waiting.splice(0)) resolve();
        return;
      }
      try {
        await this.parts.question(() => this.#readUpTo(target));
        pauseMs = this.parts.retryMs;
      } catch (error) {
        if (error instanceof RoomNotFoundError) {
          this.#doubtful = false;
          this.parts.onVanished(this.roomId);
          continue;
        }
        this.#doubtful = true;
        this.#failWaiting(error);
        this.parts.log.debug({ roomId: this.roomId, error: String(error) }, 'could not catch up yet');
        // Then a nudge comes when there is something to hear.
        if (error instanceof RoomsRestoringError) pauseMs = this.parts.retryMs * LONGEST_PAUSE;
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, this.parts.retryMs * LONGEST_PAUSE);
      }
    }
  }

  /** Reads and delivers everything up to `known`, or else up to where the room is now. */
  async #readUpTo(known: Position | undefined): Promise<void> {
    if (this.#stopped) return;
    let target = known;
    // Between epochs something may be lost.
    if (target === undefined || target.epoch !== this.#at.epoch) {
      if (target === undefined) this.#doubtful = false;
      const standing = await this.ask();
      if (this.#stopped) return;
      const another = this.#generation !== '' && standing.generation !== this.#generation;
      this.#generation = standing.generation;
      if (another) {
        // Nothing of it is for those who are in the room that is gone.
        this.window?.cut(standing.at);
        this.#at = standing.at;
        throw new RoomNotFoundError(this.roomId);
      }
      target ??= standing.at;
    }
    let delivered = 0;
    let lost = 0;
    while (isAfter(target, this.#at)) {
      const page = await readAfter(this.parts.broker, this.roomId, this.#at, target, this.parts.pageSize);
      if (this.#stopped) return;
      const [first] = page.messages;
      if (first !== undefined && !page.exact) lost += this.#skipTo(positionBefore(first));
      for (const { epoch, seq, frame } of page.messages) this.#deliver({ epoch, seq }, frame);
      delivered += page.messages.length;
      if (!page.complete || !isAfter(target, this.#at)) continue;
      // An epoch can begin without a message; any other way there is a hole.
      const reached = (first !== undefined || page.exact) && target.seq === this.#at.seq;
      if (!reached) lost += this.#skipTo(target);
      this.#moveTo(target);
    }
    const { counters } = this.parts;
    counters.gapMessages += delivered;
    if (lost > 0) counters.gapsLost++;
    else if (delivered > 0) counters.gapsRepaired++;
  }

  /**
   * What comes before that position is missing, and is nowhere to be had.
   * @returns how many messages that are, as far as the numbers tell
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

  #failWaiting(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
