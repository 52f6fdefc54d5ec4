import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Closeable } from '@chorus/service';
import type { Prng } from '@chorus/testing';
import type { Delivery, ReceivedEvent } from '../history/events.js';

/** `failing` answers 500; `hanging` answers nothing until it works again. */
export type ReceiverState = 'working' | 'failing' | 'hanging';

/** Share of the requests that fail, and of the answers that are cut off, all the time. */
const REFUSED = 0.01;
const LOST = 0.005;
const KEY_PREFIX = 'whsec_';

/** The endpoint of a webhook, which faults can break. */
export class WebhookReceiver implements Closeable {
  readonly deliveries: Delivery[] = [];
  /** Of the webhook. */
  secret = '';
  #state: ReceiverState = 'working';
  #server: Server | undefined;
  #port = 0;
  /** Requests that wait for an answer. */
  readonly #held: Array<() => void> = [];

  constructor(private readonly prng: Prng) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  /** Listens, always on the same port. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      // A sender that is killed cuts its request off.
      this.#receive(request, response).catch(() => response.destroy());
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses connections and cuts off those that are open. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  set(state: ReceiverState): void {
    this.#state = state;
    if (state !== 'hanging') for (const answer of this.#held.splice(0)) answer();
  }

  close(): Promise<void> {
    return this.stop();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const id = String(request.headers['webhook-id']);
    const event: ReceivedEvent = { id, ...JSON.parse(body) };
    const signed = this.#isSigned(request, id, body);
    if (this.#state === 'hanging') await new Promise<void>((resolve) => this.#held.push(resolve));
    const note = (answer: Delivery['answer']): void => {
      this.deliveries.push({ at: Date.now(), event, signed, answer });
    };
    const luck = this.prng.next();
    if (response.destroyed || this.#state === 'failing' || luck < REFUSED) {
      note('refused');
      response.writeHead(500).end();
    } else if (luck < REFUSED + LOST) {
      note('lost');
      response.destroy();
    } else {
      note('accepted');
      response.writeHead(204).end();
    }
  }

  /** By the text of the Standard Webhooks specification, not by the library with which dispatchers sign. */
  #isSigned({ headers }: IncomingMessage, id: string, body: string): boolean {
    const key = Buffer.from(this.secret.slice(KEY_PREFIX.length), 'base64');
    const content = `${id}.${headers['webhook-timestamp']}.${body}`;
    const signature = createHmac('sha256', key).update(content).digest('base64');
    return String(headers['webhook-signature']).split(' ').includes(`v1,${signature}`);
  }
}
