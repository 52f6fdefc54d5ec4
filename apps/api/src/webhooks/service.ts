import type { EventLog, Webhook } from '@chorus/database';
import { Refusal } from '@chorus/protocol';
import type { AllowedAddresses } from '@chorus/service';
import type { z } from 'zod';
import { startOf } from '../events/read-events.js';
import type { Remember } from '../idempotency/remember.js';
import type { changeWebhookInput, createWebhookInput, listDeliveriesInput } from './inputs.js';
import {
  MAX_REDELIVERIES,
  type Undelivered,
  type UndeliveredCursor,
  type WebhookRepository,
} from './repository.js';
import type { TestResult, TestRuns } from './test-runs.js';

/** Events of one redelivery. */
const MAX_SPAN_EVENTS = 1_000_000;

/** Positions of the first and the last event of a span. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A page of events that a webhook has not received. */
export interface UndeliveredPage {
  readonly deliveries: readonly Undelivered[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: UndeliveredCursor | undefined;
}

export interface WebhookServices {
  readonly webhooks: WebhookService;
}

/** The webhooks of the application, for operators and API keys. Methods with an id throw a {@link Refusal} 404 for an unknown one. */
export class WebhookService {
  constructor(
    private readonly repository: WebhookRepository,
    private readonly eventLog: Pick<EventLog, 'ends'>,
    private readonly addresses: Pick<AllowedAddresses, 'refusal'>,
    private readonly tests: TestRuns,
  ) {}

  /**
   * Creates a webhook that receives the events from now on.
   * @throws {Refusal} 400 the URL names an address that is not allowed; 403 there are too many
   */
  async create(fields: z.output<typeof createWebhookInput>, remember?: Remember<Webhook>): Promise<Webhook> {
    this.#check(fields.url);
    const webhook = await this.repository.create(fields, remember);
    if (webhook === undefined) throw new Refusal('too_many_webhooks', this.repository.maxWebhooks);
    return webhook;
  }

  /** Returns a page in ascending order of id. @param after id after which the page begins */
  async list(after: number, limit: number): Promise<{ webhooks: Webhook[]; nextCursor: number | null }> {
    const found = await this.repository.list(after, limit + 1);
    const webhooks = found.slice(0, limit);
    const last = found.length > limit ? webhooks.at(-1) : undefined;
    return { webhooks, nextCursor: last === undefined ? null : Number(last.id) };
  }

  async get(id: number): Promise<Webhook> {
    return known(await this.repository.find(id));
  }

  /** @throws {Refusal} 400 the URL names an address that is not allowed */
  async change(id: number, fields: z.output<typeof changeWebhookInput>): Promise<Webhook> {
    if (fields.url !== undefined) this.#check(fields.url);
    return known(await this.repository.change(id, fields));
  }

  async remove(id: number): Promise<void> {
    if (!(await this.repository.remove(id))) throw new Refusal('webhook_not_found');
  }

  /** Gives a webhook another secret. @param overlapSeconds time for which the one before signs as well */
  async rotate(id: number, overlapSeconds: number): Promise<Webhook> {
    return known(await this.repository.rotate(id, overlapSeconds));
  }

  /** Sends one test event now. @throws {Refusal} 429 one is in progress; 503 no dispatcher has sent it */
  async test(id: number): Promise<TestResult> {
    await this.get(id);
    return this.tests.run(id);
  }

  /** Delivers the events after a position, also those that were delivered before. @throws {Refusal} 410 they are not kept any more */
  async resume(id: number, after: number): Promise<Webhook> {
    return known(await this.repository.resume(id, await startOf(this.eventLog, after)));
  }

  /** Returns events that wait for a retry, the first of each room, and behind them events that were given up. */
  async undelivered(
    id: number,
    { state, cursor, limit }: z.output<typeof listDeliveriesInput>,
  ): Promise<UndeliveredPage> {
    await this.get(id);
    const found = await this.repository.undelivered(id, limit + 1, state, cursor);
    const deliveries = found.slice(0, limit);
    return { deliveries, next: found.length > limit ? deliveries.at(-1)?.cursor : undefined };
  }

  /** Delivers one event once more. @throws {Refusal} 404 the event is not kept; 403 too many redeliveries are not finished */
  async redeliver(id: number, position: number): Promise<Span> {
    const { last, removed } = await this.eventLog.ends();
    if (position <= removed || position > last) throw new Refusal('event_not_found');
    return this.#redeliver(id, { from: position, to: position });
  }

  /**
   * Delivers the events that were recorded in a span of time once more.
   * @throws {Refusal} 404 none of them is kept; 400 they are too many; 403 too many redeliveries are not finished
   */
  async redeliverSpan(id: number, from: Date, to: Date): Promise<Span> {
    await this.get(id);
    const span = await this.repository.span(from, to);
    if (span === undefined) throw new Refusal('event_not_found');
    const events = span.to - span.from + 1;
    if (events > MAX_SPAN_EVENTS) {
      const most = `must span at most ${MAX_SPAN_EVENTS} events, not ${events}: deliver them in parts, or resume the webhook`;
      throw new Refusal('invalid_field', 'to', most);
    }
    return this.#redeliver(id, span);
  }

  async #redeliver(id: number, span: Span): Promise<Span> {
    const outcome = await this.repository.redeliver(id, span.from, span.to);
    if (outcome === 'unknown') throw new Refusal('webhook_not_found');
    if (outcome === 'too-many') throw new Refusal('too_many_redeliveries', MAX_REDELIVERIES);
    return span;
  }

  #check(url: string): void {
    const refusal = this.addresses.refusal(new URL(url));
    if (refusal !== undefined) throw new Refusal('invalid_field', 'url', `is refused: ${refusal}`);
  }
}

/** @throws {Refusal} 404 */
function known(webhook: Webhook | undefined): Webhook {
  if (webhook === undefined) throw new Refusal('webhook_not_found');
  return webhook;
}
