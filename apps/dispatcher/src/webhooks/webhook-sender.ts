import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedEvent } from '@chorus/database';
import { backoffMs } from './backoff.js';
import { filterOf } from './filter.js';
import { LaneWorker } from './lanes.js';
import { type FailedRoom, RoomQueues } from './room-queues.js';
import type { SenderParts } from './sender-parts.js';
import type { Failure } from './webhook-client.js';
import type { ClaimedWebhook } from './webhook-repository.js';

/** Events that are read at a time. */
const PAGE = 200;
/** Events that may wait in memory. */
const MOST_WAITING = 1_000;
/** Positions by which deliveries may be ahead of the first one in progress: another dispatcher that takes over repeats them. */
const MOST_AHEAD = 20_000;
/** Longest time between two steps while deliveries are in progress, in milliseconds. */
const STEP_MS = 100;
/** Rooms that may wait for a retry before the endpoint counts as down. */
const MOST_LANES = 100;
/** Rooms that may fail without a delivery in between before an endpoint that worked counts as down. */
const MOST_SUSPECT = 3;
/** Rooms whose next event is tried while the endpoint counts as down. */
const PROBES = 3;
const WAIT_MS = 5_000;
const RETRY_MS = 1_000;

/**
 * Delivers the events of one webhook, those of each room one after the other and in order. Events behind a failed one of their room
 * wait in a lane, and all others continue. If some rooms fail and nothing can be delivered, the endpoint counts as down: its position stays, and
 * few events are tried with growing pauses.
 */
export class WebhookSender {
  readonly #ended = new AbortController();
  readonly #cut = new AbortController();
  readonly #lanes: LaneWorker;
  #queues: RoomQueues;
  /** Everything up to here is delivered, in a lane or given up. */
  #position: number;
  /** Everything up to here is read from the log. While the endpoint counts as down, it is the position. */
  #read: number;
  #attempts: number;
  #pauseUntil: number;
  #failingSince: number | undefined;
  /** Whether an event was given up since the last delivery: the next one showed that not only that event fails. */
  #gaveUp = false;
  #worked = false;
  /** Rooms that failed since the last delivery. */
  readonly #suspect = new Set<number | undefined>();
  #running: Promise<unknown> | undefined;

  constructor(
    private readonly webhook: ClaimedWebhook,
    private readonly parts: SenderParts,
  ) {
    // Every delivery in progress listens.
    setMaxListeners(0, this.#cut.signal);
    this.#position = Number(webhook.position);
    this.#read = this.#position;
    this.#queues = this.#newQueues();
    this.#attempts = webhook.attempts;
    this.#pauseUntil = webhook.nextAttemptAt?.getTime() ?? 0;
    this.#failingSince = webhook.failingSince?.getTime();
    this.#lanes = new LaneWorker(webhook, this.#position, {
      ...parts,
      deliver: (event) => this.#deliver(event),
      isDown: () => this.#attempts > 0,
      failing: (error) => this.#failing(error),
      signal: this.#ended.signal,
    });
  }

  start(): void {
    this.#running = Promise.all([this.#run(), this.#lanes.run()]);
  }

  /** Resolves after the deliveries in progress. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  /** Ends at once, in the middle of deliveries: another dispatcher may have the webhook. */
  cut(): Promise<void> {
    this.#cut.abort();
    return this.close();
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#round().catch(async (error: unknown) => {
        if (this.#ended.signal.aborted) return;
        this.#failing(error);
        await this.#pause(RETRY_MS);
      });
    }
    await this.#queues.stop();
    if (this.#cut.signal.aborted || this.#attempts > 0) return;
    // Less is delivered once more by the dispatcher that continues.
    await this.parts.repository
      .advance(this.webhook.id, this.#settled([]), [])
      .catch((error: unknown) => this.#failing(error));
  }

  #failing(error: unknown): void {
    const { id } = this.webhook;
    this.parts.logger.warn({ webhookId: Number(id), error: String(error) }, 'a webhook has to wait');
  }

  async #round(): Promise<void> {
    const pause = this.#pauseUntil - Date.now();
    if (pause > 0) return this.#pause(Math.min(pause, WAIT_MS));
    if (this.#attempts > 0) return this.#probe();
    const { log, feed } = this.parts;
    let more = false;
    if (this.#queues.waiting < MOST_WAITING && this.#read - this.#position < MOST_AHEAD) {
      const page = await log.page(this.#read, PAGE, filterOf(this.webhook));
      this.#queues.add(this.#lanes.reserve(page.events, page.next));
      this.#read = page.next;
      more = page.more && this.#queues.waiting < MOST_WAITING;
    }
    if (!more) await this.#queues.idle(STEP_MS);
    if (this.#ended.signal.aborted) return;
    await this.#settle();
    if (this.#queues.isBusy || this.#attempts > 0) return;
    await feed.wait(this.#read, WAIT_MS, this.#ended.signal);
  }

  /** Stores what was delivered, or that the endpoint is down. */
  async #settle(): Promise<void> {
    const queues = this.#queues;
    const failed = queues.failed();
    const failure = failed.find((room) => room.failure.gone)?.failure ?? failed[0]?.failure;
    if (failure !== undefined) {
      for (const { events } of failed) this.#suspect.add(events[0]?.roomId);
      const isSuspect = queues.delivered === 0 && (!this.#worked || this.#suspect.size > MOST_SUSPECT);
      const surely = failure.gone || this.#lanes.size + failed.length > MOST_LANES;
      // The deliveries in progress show whether rooms fail, or the endpoint.
      if (isSuspect && !surely && queues.isBusy) return;
      if (isSuspect || surely) {
        await queues.stop();
        this.#position = this.#settled([]);
        this.#read = this.#position;
        this.#queues = this.#newQueues();
        return this.#down(queues.undelivered().flat(), failure);
      }
    }
    const position = this.#settled(failed);
    if (failed.length === 0 && position === this.#position) return;
    queues.delivered = 0;
    await this.#advance(position, failed);
    queues.forget(failed);
  }

  /** Returns the position up to which every event is delivered, or is one of a failed room. */
  #settled(failed: readonly FailedRoom[]): number {
    const rooms = new Set(failed.map(({ events }) => events[0]?.roomId));
    const first = this.#queues
      .undelivered()
      .flatMap(([event]) => (event === undefined || rooms.has(event.roomId) ? [] : event.position));
    return first.length === 0 ? this.#read : Math.min(...first) - 1;
  }

  /** Tries the next events of some rooms of an endpoint that counts as down. */
  async #probe(): Promise<void> {
    const { log, feed } = this.parts;
    const page = await log.page(this.#position, PAGE, filterOf(this.webhook));
    if (page.events.length === 0) {
      if (page.next === this.#position) return feed.wait(this.#position, WAIT_MS, this.#ended.signal);
      await this.#advance(page.next, []);
      this.#read = this.#position;
      return;
    }
    const rooms = this.#lanes.reserve(page.events, page.next);
    const heads = rooms.slice(0, PROBES).flatMap((events) => events.slice(0, 1));
    const failures = await Promise.all(heads.map((event) => this.#deliver(event)));
    if (this.#ended.signal.aborted) return;
    const failure = failures.find((each) => each !== undefined);
    if (failure !== undefined && !failures.includes(undefined)) return this.#down(rooms.flat(), failure);
    this.#attempts = 0;
    this.#gaveUp = false;
  }

  /** @param events what is not delivered, at least the first ones */
  async #down(events: readonly LoggedEvent[], failure: Failure): Promise<void> {
    const { repository, retentionMs, firstRetryMs } = this.parts;
    const now = Date.now();
    this.#failingSince ??= now;
    this.#attempts++;
    this.#pauseUntil = now + backoffMs(this.#attempts, firstRetryMs);
    if (now - this.#failingSince > retentionMs) await this.#giveUp(events, failure);
    const state = { position: this.#position, attempts: this.#attempts };
    await repository.failed(
      this.webhook.id,
      { ...state, nextAttemptAt: new Date(this.#pauseUntil) },
      failure,
    );
    if (failure.gone) this.#ended.abort();
  }

  /** Gives up the first event, and tries the next one at once. If that fails as well, gives up all that are as old. */
  async #giveUp(events: readonly LoggedEvent[], failure: Failure): Promise<void> {
    const { repository, retentionMs, counts } = this.parts;
    const youngest = Date.now() - retentionMs;
    const sorted = [...events].sort((a, b) => a.position - b.position);
    const young = sorted.findIndex(({ recordedAt }) => recordedAt.getTime() >= youngest);
    const old = this.#gaveUp ? sorted.slice(0, young === -1 ? undefined : young) : sorted.slice(0, 1);
    await repository.giveUp(this.webhook.id, old, failure);
    counts.given_up += old.length;
    this.#position = old.at(-1)?.position ?? this.#position;
    this.#read = this.#position;
    if (!this.#gaveUp) this.#pauseUntil = 0;
    this.#gaveUp = true;
  }

  async #advance(position: number, failed: readonly FailedRoom[]): Promise<void> {
    const { repository, firstRetryMs } = this.parts;
    const nextAttemptAt = new Date(Date.now() + backoffMs(1, firstRetryMs));
    const heads = failed.flatMap(({ events, failure }) =>
      events.slice(0, 1).map((event) => ({ event, failure, nextAttemptAt })),
    );
    const lanes = await repository.advance(this.webhook.id, position, heads);
    if (lanes === undefined) return this.#ended.abort();
    this.#lanes.add(lanes);
    this.#position = position;
    this.#failingSince = undefined;
  }

  #newQueues(): RoomQueues {
    return new RoomQueues((event) => this.#deliver(event), this.parts.concurrency);
  }

  async #deliver(event: LoggedEvent): Promise<Failure | undefined> {
    const failure = await this.parts.client.deliver(this.webhook, event, this.#cut.signal);
    if (failure === undefined) {
      this.parts.counts.delivered++;
      this.#worked = true;
      this.#suspect.clear();
    } else if (!this.#cut.signal.aborted) this.parts.counts.failed++;
    return failure;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }
}
