import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedEvent } from '@chorus/database';
import pLimit from 'p-limit';
import { backoffMs } from './backoff.js';
import { filterOf } from './filter.js';
import { LaneWorker } from './lanes.js';
import type { SenderParts } from './sender-parts.js';
import type { Failure } from './webhook-client.js';
import type { ClaimedWebhook } from './webhook-repository.js';

/** Events of one round. */
const PAGE = 200;
/** Rooms that may wait for a retry before the endpoint counts as down. */
const MOST_LANES = 100;
/** Rooms whose next event is tried while the endpoint counts as down. */
const PROBES = 3;
const WAIT_MS = 5_000;
const RETRY_MS = 1_000;

interface Delivery {
  readonly delivered: number;
  readonly failed?: { readonly event: LoggedEvent; readonly failure: Failure };
}

/**
 * Delivers the events of one webhook, those of each room one after the other and in order. Events behind a failed one of their room
 * wait in a lane, and all others continue. If nothing can be delivered, the endpoint counts as down: its position stays, and
 * few events are tried with growing pauses.
 */
export class WebhookSender {
  readonly #ended = new AbortController();
  readonly #cut = new AbortController();
  readonly #lanes: LaneWorker;
  #position: number;
  #attempts: number;
  #pauseUntil: number;
  #failingSince: number | undefined;
  /** Whether an event was given up since the last delivery: the next one showed that not only that event fails. */
  #gaveUp = false;
  #running: Promise<unknown> | undefined;

  constructor(
    private readonly webhook: ClaimedWebhook,
    private readonly parts: SenderParts,
  ) {
    this.#position = Number(webhook.position);
    this.#attempts = webhook.attempts;
    this.#pauseUntil = webhook.nextAttemptAt?.getTime() ?? 0;
    this.#failingSince = webhook.failingSince?.getTime();
    this.#lanes = new LaneWorker(webhook, this.#position, {
      ...parts,
      deliver: (event) => this.#deliver(event),
      isDown: () => this.#attempts > 0,
      signal: this.#ended.signal,
    });
  }

  start(): void {
    const failing = (error: unknown): void => {
      const { id } = this.webhook;
      this.parts.logger.warn({ webhookId: Number(id), error: String(error) }, 'a webhook has to wait');
    };
    this.#running = Promise.all([
      this.#repeat(() => this.#round(), failing),
      this.#repeat(() => this.#lanes.round(), failing),
    ]);
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

  async #repeat(round: () => Promise<void>, failing: (error: unknown) => void): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await round().catch(async (error: unknown) => {
        if (this.#ended.signal.aborted) return;
        failing(error);
        await this.#pause(RETRY_MS);
      });
    }
  }

  async #round(): Promise<void> {
    const { log, feed } = this.parts;
    const pause = this.#pauseUntil - Date.now();
    if (pause > 0) return this.#pause(Math.min(pause, WAIT_MS));
    const page = await log.page(this.#position, PAGE, filterOf(this.webhook));
    if (page.events.length === 0) {
      if (page.next > this.#position) return this.#advance(page.next, []);
      return feed.wait(this.#position, WAIT_MS, this.#ended.signal);
    }
    const rooms = this.#lanes.reserve(page.events, page.next);
    if (this.#attempts > 0) return this.#probe(rooms);
    const deliveries = await this.#deliverAll(rooms);
    if (this.#ended.signal.aborted) return;
    const failed = deliveries.flatMap((delivery) => delivery.failed ?? []);
    const [first] = failed;
    const none = deliveries.every(({ delivered }) => delivered === 0);
    const down = (none && rooms.length > 0) || this.#lanes.size + failed.length > MOST_LANES;
    if (first !== undefined && (down || failed.some(({ failure }) => failure.gone))) {
      return this.#down(rooms, failed.find(({ failure }) => failure.gone)?.failure ?? first.failure);
    }
    await this.#advance(page.next, failed);
  }

  /** Tries the next events of some rooms. */
  async #probe(rooms: ReadonlyArray<readonly LoggedEvent[]>): Promise<void> {
    const heads = rooms.slice(0, PROBES).map((room) => room.slice(0, 1));
    const deliveries = await this.#deliverAll(heads);
    const failed = deliveries.find((delivery) => delivery.failed !== undefined)?.failed;
    if (failed === undefined || deliveries.some(({ delivered }) => delivered > 0)) {
      this.#attempts = 0;
      this.#gaveUp = false;
    } else await this.#down(rooms, failed.failure);
  }

  async #down(rooms: ReadonlyArray<readonly LoggedEvent[]>, failure: Failure): Promise<void> {
    const { repository, retentionMs, firstRetryMs } = this.parts;
    const now = Date.now();
    this.#failingSince ??= now;
    this.#attempts++;
    this.#pauseUntil = now + backoffMs(this.#attempts, firstRetryMs);
    if (now - this.#failingSince > retentionMs) await this.#giveUp(rooms.flat(), failure);
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
    if (!this.#gaveUp) this.#pauseUntil = 0;
    this.#gaveUp = true;
  }

  async #advance(
    position: number,
    failed: ReadonlyArray<{ event: LoggedEvent; failure: Failure }>,
  ): Promise<void> {
    const { repository, firstRetryMs } = this.parts;
    const nextAttemptAt = new Date(Date.now() + backoffMs(1, firstRetryMs));
    const lanes = await repository.advance(
      this.webhook.id,
      position,
      failed.map((each) => ({ ...each, nextAttemptAt })),
    );
    if (lanes === undefined) return this.#ended.abort();
    this.#lanes.add(lanes);
    this.#position = position;
    this.#failingSince = undefined;
  }

  #deliverAll(rooms: ReadonlyArray<readonly LoggedEvent[]>): Promise<Delivery[]> {
    const limit = pLimit(this.parts.concurrency);
    return Promise.all(rooms.map((events) => limit(() => this.#deliverRoom(events))));
  }

  async #deliverRoom(events: readonly LoggedEvent[]): Promise<Delivery> {
    let delivered = 0;
    for (const event of events) {
      if (this.#ended.signal.aborted) break;
      const failure = await this.#deliver(event);
      if (failure !== undefined) return { delivered, failed: { event, failure } };
      delivered++;
    }
    return { delivered };
  }

  async #deliver(event: LoggedEvent): Promise<Failure | undefined> {
    const failure = await this.parts.client.deliver(this.webhook, event, this.#cut.signal);
    if (failure === undefined) this.parts.counts.delivered++;
    else if (!this.#cut.signal.aborted) this.parts.counts.failed++;
    return failure;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }
}
