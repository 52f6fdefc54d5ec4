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
/** Lanes that are worked at a time: they must not take all connections from the other rooms. */
export const LANES_AT_ONCE = 8;
/** Pause while no lane is due, in milliseconds. */
const IDLE_MS = 200;
/** Pause of a lane after PostgreSQL failed, in milliseconds. */
const RETRY_MS = 1_000;

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
  readonly #limit = pLimit(LANES_AT_ONCE);
  /** The sender leaves events of rooms with a lane to the lane, up to this position. */
  #reserved: number;

  constructor(
    private readonly webhook: ClaimedWebhook,
    position: number,
    private readonly parts: LaneParts,
  ) {
    this.#reserved = position;
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
    const work = this.#limit(() => this.#work(lane))
      .catch((error: unknown) => {
        this.parts.failing(error);
        lane.nextAttemptAt = new Date(Date.now() + RETRY_MS);
      })
      .finally(() => this.#working.delete(lane.id));
    this.#working.set(lane.id, work);
  }

  async #work(lane: WebhookLane): Promise<void> {
    const { log, repository, signal } = this.parts;
    while (!signal.aborted) {
      const upTo = lane.until === null ? this.#reserved : Number(lane.until);
      const { events, next } = await log.page(Number(lane.next) - 1, PAGE, this.#filterOf(lane));
      for (const event of events) {
        if (signal.aborted || event.position > upTo) break;
        if (lane.until === null && event.roomId !== roomOf(lane.roomId)) continue;
        const failure = await this.parts.deliver(event);
        if (failure !== undefined && !(await this.#failed(lane, event, failure)))
          return repository.saveLane(lane);
        Object.assign(lane, { next: BigInt(event.position + 1), attempts: 0 });
      }
      if (signal.aborted) return;
      lane.next = BigInt(Math.max(Number(lane.next), Math.min(next, upTo) + 1));
      // Nothing is waited for in between: the sender sees the lane, or delivers the room's next events itself.
      const done = Number(lane.next) > (lane.until === null ? this.#reserved : Number(lane.until));
      if (done) this.#lanes.delete(lane.id);
      if (done) return repository.removeLane(lane.id);
      await repository.saveLane(lane);
    }
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
