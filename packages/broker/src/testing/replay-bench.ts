import { silentLog, until } from '@chorus/testing';
import type { Position, StoredMessage } from '../broker.js';
import type { Replay } from '../feeds/replay/replay.js';
import type { RoomFeedOptions } from '../feeds/room-feed-options.js';
import type { RoomFeedRegistry } from '../feeds/room-feed-registry.js';
import { openFeeds } from './feeds.js';
import { Recorder } from './recorder.js';
import { ScriptedBroker } from './scripted-broker.js';

export const ROOM = 7;
export const EPOCH = 1_000;
/** More bytes than any replay has. */
export const ALL = 1_000_000;

export function at(seq: number, epoch = EPOCH): Position {
  return { epoch, seq };
}

/** Contents of a range of messages, as the scripted broker words them. */
export function names(from: number, to: number, epoch = EPOCH): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => `${epoch}-${from + n}`);
}

export function texts(frames: readonly Uint8Array[] | undefined): string[] | undefined {
  return frames?.map((frame) => Buffer.from(frame).toString());
}

export function all(replay: Replay | undefined): string[] | undefined {
  return texts(replay?.next(ALL));
}

/** Feeds with one room in use, at position 10, over a broker that the test controls. */
export class ReplayBench {
  broker = new ScriptedBroker();
  heard = new Recorder();
  #feeds: RoomFeedRegistry | undefined;

  get feeds(): RoomFeedRegistry {
    if (this.#feeds === undefined) throw new Error('not open');
    return this.#feeds;
  }

  async begin(): Promise<void> {
    this.broker = new ScriptedBroker();
    this.broker.room(ROOM, at(10));
    await this.open();
  }

  /** Replaces the feeds by others with these options. */
  async open(options: Partial<RoomFeedOptions> = {}): Promise<void> {
    await this.end();
    const { broker } = this;
    const opened = await openFeeds(async () => broker, { retryMs: 5, log: silentLog, ...options });
    this.#feeds = opened.feeds;
    this.heard = opened.heard;
    await opened.feeds.acquire(ROOM);
  }

  async end(): Promise<void> {
    await this.#feeds?.close();
    this.#feeds = undefined;
  }

  store(count: number): StoredMessage[] {
    return Array.from({ length: count }, () => this.broker.store(ROOM));
  }

  deliver(count: number): void {
    this.broker.arrive(ROOM, ...this.store(count));
  }

  /** The whole replay at once; undefined if it is refused. */
  async replayed(since: Position): Promise<string[] | undefined> {
    return all(await this.feeds.replay(ROOM, since));
  }

  asked(method: 'between' | 'position', count: number): Promise<void> {
    return until(method, () => this.broker.count(method) >= count);
  }
}
