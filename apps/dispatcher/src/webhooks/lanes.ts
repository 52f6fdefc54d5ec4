import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedEvent, WebhookLane } from '@chorus/database';
import pLimit from 'p-limit';
import { backoffMs } from './backoff.js';
import { filterOf } from './filter.js';
import type { SenderParts } from './sender-parts.js';
import type { Failure } from './webhook-client.js';
import type { ClaimedWebhook } from './webhook-repository.js';

/** Events of one step. */
const PAGE = 50;
/** Rooms with a lane to which events are delivered at a time, as a share of all rooms: they must not take all connections from the others. */
const SHARE_OF_ROOMS = 0.5;
/** Spans that are delivered again at a time. Rooms that wait for a retry do not wait for them. */
const SPANS_AT_ONCE = 2;
/** Pause while no lane is due, in milliseconds. */
const IDLE_MS = 200;
/** Pause of a lane after PostgreSQL failed, in milliseconds. */
const RETRY_MS = 1_000;

/** Returns the number of deliveries of lanes at a time. @param concurrency deliveries to rooms without a lane at a time */
export function lanesAtOnce(concurrency: number): number {
  return roomsAtOnce(concurrency) + SPANS_AT_ONCE;
}

function roomsAtOnce(concurrency: number): number {
  return Math.ceil(concurrency * SHARE_OF_ROOMS);
}

export interface LaneParts extends SenderParts {
  deliver(event: LoggedEvent): Promise<Failure | undefined>;
  /** Whether the endpoint counts as down: its lanes wait. */
  isDown(): boolean;
  /** Reports what cannot be stored or read. */
  failing(error: unknown): void;
  readonly signal: AbortSignal;
}

/** The rooms of a webhook whose events wait for a retry, and the spans that are delivered again. */
export class LaneWorker {
  readonly #lanes = new Map<bigint, WebhookLane>();
  /** Work in progress, by the id of the lane. */
  readonly #working = new Map<bigint, Promise<void>>();
  readonly #rooms: ReturnType<typeof pLimit>;
  readonly #spans = pLimit(SPANS_AT_ONCE);
  /** The sender leaves events of rooms with a lane to the lane, up to this position. */
  #reserved: number;

  constructor(
    private readonly webhook: ClaimedWebhook,
    position: number,
    private readonly parts: LaneParts,
  ) {
    this.#reserved = position;
    this.#rooms = pLimit(roomsAtOnce(parts.concurrency));
    this.add(webhook.lanes);
  }

  get size(): number {
    return this.#lanes.size;
  }

  add(lanes: readonly WebhookLane[]): void {
    for (const lane of lanes) this.#lanes.set(lane.id, lane);
  }

  /**
   * Returns the events of rooms without a lane, by room; the lanes deliver the others.
   * @param upTo position up to which the sender is then
   */
  reserve(events: readonly LoggedEvent[], upTo: number): LoggedEvent[][] {
    this.#reserved = Math.max(this.#reserved, upTo);
    const waiting = new Set<number | undefined>();
    for (const { until, roomId } of this.#lanes.values()) if (until === null) waiting.add(roomOf(roomId));
    const rooms = new Map<number | undefined, LoggedEvent[]>();
    for (const event of events) {
      if (waiting.has(event.roomId)) continue;
      const room = rooms.get(event.roomId);
      if (room === undefined) rooms.set(event.roomId, [event]);
      else room.push(event);
    }
    return [...rooms.values()];
  }

  /** Works off the lanes that are due, each by itself, until the sender ends. */
  async run(): Promise<void> {
    const { signal } = this.parts;
    while (!signal.aborted) {
      const now = Date.now();
      const isDown = this.parts.isDown();
      for (const lane of this.#lanes.values()) {
        if (!isDown && lane.nextAttemptAt.getTime() <= now && !this.#working.has(lane.id)) this.#begin(lane);
      }
      await sleep(IDLE_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#working.values());
  }

  #begin(lane: WebhookLane): void {
    const work = this.#work(lane)
      .catch((error: unknown) => {
        this.parts.failing(error);
        lane.nextAttemptAt = new Date(Date.now() + RETRY_MS);
      })
      .finally(() => this.#working.delete(lane.id));
    this.#working.set(lane.id, work);
  }

  /** Works off a lane page by page, by turns with others that are due. */
  async #work(lane: WebhookLane): Promise<void> {
    const limit = lane.until === null ? this.#rooms : this.#spans;
    let isDue = true;
    while (isDue && !this.parts.signal.aborted) isDue = await limit(() => this.#page(lane));
  }

  /** @returns whether more of the lane is due */
  async #page(lane: WebhookLane): Promise<boolean> {
    const { log, repository, signal } = this.parts;
    const upTo = lane.until === null ? this.#reserved : Number(lane.until);
    const { events, next } = await log.page(Number(lane.next) - 1, PAGE, this.#filterOf(lane));
    for (const event of events) {
      if (signal.aborted || event.position > upTo) break;
      if (lane.until === null && event.roomId !== roomOf(lane.roomId)) continue;
      const failure = await this.parts.deliver(event);
      if (failure !== undefined && !(await this.#failed(lane, event, failure))) {
        await repository.saveLane(lane);
        return false;
      }
      Object.assign(lane, { next: BigInt(event.position + 1), attempts: 0 });
    }
    if (signal.aborted) return false;
    lane.next = BigInt(Math.max(Number(lane.next), Math.min(next, upTo) + 1));
    // Nothing is waited for in between: the sender sees the lane, or delivers the room's next events itself.
    const done = Number(lane.next) > (lane.until === null ? this.#reserved : Number(lane.until));
    if (done) this.#lanes.delete(lane.id);
    await (done ? repository.removeLane(lane.id) : repository.saveLane(lane));
    return !done;
  }

  /** @returns whether the event was given up, so that the next one is due */
  async #failed(lane: WebhookLane, event: LoggedEvent, failure: Failure): Promise<boolean> {
    const { repository, retentionMs, firstRetryMs, counts } = this.parts;
    const now = Date.now();
    if (lane.attempts === 0) lane.since = new Date(now);
    lane.attempts++;
    Object.assign(lane, { lastStatus: failure.status ?? null, lastError: failure.error });
    lane.nextAttemptAt = new Date(now + backoffMs(lane.attempts, firstRetryMs));
    if (now - lane.since.getTime() <= retentionMs) return false;
    await repository.giveUp(this.webhook.id, [event], failure);
    counts.given_up++;
    return true;
  }

  #filterOf({ until, roomId }: WebhookLane) {
    const filter = filterOf(this.webhook);
    return until === null && roomId !== null ? { ...filter, rooms: [Number(roomId)] } : filter;
  }
}

function roomOf(roomId: bigint | null): number | undefined {
  return roomId === null ? undefined : Number(roomId);
}
