import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  createDatabase,
  type Database,
  EventFeed,
  EventLog,
  recordEvents,
  type Webhook,
} from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import { AllowedAddresses, SecretBox } from '@chorus/service';
import { patiently, silentLog } from '@chorus/testing';
import { WebhookDispatching } from '../webhooks/dispatching.js';
import { WebhookClient } from '../webhooks/webhook-client.js';
import { WebhookRepository } from '../webhooks/webhook-repository.js';

export const DAY_MS = 86_400_000;
export const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

/** A delivery. */
export interface Received {
  readonly id: string;
  readonly roomId: number | undefined;
  readonly n: unknown;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Status of the answer; none is sent for undefined. */
type Answer = number | undefined;

/** A receiver of webhooks, and dispatchers, over a database of their own. */
export class WebhookFixture {
  /** Deliveries that were answered with success. */
  received: Received[] = [];
  /** Of dispatchers that start. */
  secrets = new SecretBox([]);
  answer: (event: Received, response: ServerResponse) => Answer | Promise<Answer> = () => 200;
  readonly #running: WebhookDispatching[] = [];
  #db: Database | undefined;
  #receiver: Server | undefined;

  get db(): Database {
    if (this.#db === undefined) throw new Error('the suite has not begun');
    return this.#db;
  }

  get url(): string {
    if (this.#receiver === undefined) throw new Error('the suite has not begun');
    return `http://127.0.0.1:${(this.#receiver.address() as AddressInfo).port}`;
  }

  async open(): Promise<void> {
    this.#db = createDatabase(await migratedTestDatabase(), { poolSize: 20, timeoutMs: patiently(10_000) });
    this.#receiver = createServer((request, response) => this.#receive(request, response)).listen(
      0,
      '127.0.0.1',
    );
    await once(this.#receiver, 'listening');
  }

  async reset(): Promise<void> {
    this.received = [];
    this.answer = () => 200;
    await this.db.$executeRaw`TRUNCATE events, event_outbox, webhooks CASCADE`;
    await this.db.$executeRaw`UPDATE event_log SET position = 0, removed = 0`;
  }

  /** Ends all dispatchers. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((each) => each.close()));
  }

  async close(): Promise<void> {
    this.#receiver?.closeAllConnections();
    this.#receiver?.close();
    await this.#db?.$disconnect();
  }

  /** Starts a dispatcher. */
  start(
    options: { allow?: string[]; retentionMs?: number; leaseMs?: number; timeoutMs?: number } = {},
  ): void {
    const { allow = ['127.0.0.0/8'], retentionMs = 3 * DAY_MS, leaseMs = 10_000, timeoutMs } = options;
    const log = new EventLog(this.db);
    const dispatching = new WebhookDispatching(
      {
        ...{ log, feed: new EventFeed(log), counts: { delivered: 0, failed: 0, given_up: 0 } },
        ...{ concurrency: 8, retentionMs, firstRetryMs: 100, logger: silentLog },
        client: new WebhookClient(new AllowedAddresses(allow), this.secrets, 8, timeoutMs),
        repository: new WebhookRepository(this.db, randomBytes(4).toString('hex'), leaseMs),
      },
      leaseMs,
      silentLog,
    );
    dispatching.start();
    this.#running.push(dispatching);
  }

  async webhook(fields: object = {}): Promise<Webhook> {
    return this.db.webhook.create({ data: { url: this.url, secret: SECRET, position: 0, ...fields } });
  }

  /** The state of the only webhook. */
  async state(): Promise<Webhook> {
    return this.db.webhook.findFirstOrThrow();
  }

  /** Records events of a room, numbered from `from`. */
  async record(roomId: number, count: number, from = 1): Promise<void> {
    await recordEvents(
      this.db,
      upTo(count).map((n) => ({ type: 'room.changed', roomId, data: { n: from + n - 1 } }) as const),
    );
    await this.db.$queryRaw`SELECT chorus_sequence_events(100000)`;
  }

  /** Numbers of the events of a room that were received. */
  numbers(roomId: number): unknown[] {
    return this.received.filter((event) => event.roomId === roomId).map(({ n }) => n);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    const { data } = JSON.parse(body);
    const id = String(request.headers['webhook-id']);
    const event = { id, roomId: data.roomId, n: data.n, headers: request.headers, body };
    const status = await this.answer(event, response);
    if (status === undefined) return;
    if (status < 300) this.received.push(event);
    response.writeHead(status, status === 302 ? { Location: `${this.url}/elsewhere` } : {}).end('{}');
  }
}

/** Returns a fixture that the suite opens, resets before each test, and closes. */
export function useWebhooks(): WebhookFixture {
  const fixture = new WebhookFixture();
  before(() => fixture.open());
  beforeEach(() => fixture.reset());
  afterEach(() => fixture.stop());
  after(() => fixture.close());
  return fixture;
}

/** Returns the numbers from 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Returns headers as verifiers take them. */
export function headersOf({ headers }: Pick<Received, 'headers'>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
