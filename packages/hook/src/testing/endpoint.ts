import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A secret of the hook, for tests. */
export const HOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`;

/** A request that the endpoint received. */
export interface Asked {
  readonly type: string;
  readonly content: string;
  /** The `data` of the request. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the endpoint answers with: an object is sent as JSON; undefined if the function answers itself, or not at all. */
type Answering = (asked: Asked, response: ServerResponse) => object | undefined | Promise<object | undefined>;

const PASS = { action: 'pass' };

/** An endpoint of the before-publish hook: a real HTTP server whose answers a test decides. */
export class TestEndpoint {
  /** Requests in the order of their arrival. */
  asked: Asked[] = [];
  answer: Answering = () => PASS;
  /** Requests in progress now, and at most so far. */
  inProgress = 0;
  mostInProgress = 0;
  connections = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.inProgress++;
      this.mostInProgress = Math.max(this.mostInProgress, this.inProgress);
      response.on('close', () => this.inProgress--);
      void this.#receive(request, response);
    });
    this.#server.on('connection', () => this.connections++);
  }

  /** @param port 0 lets the system choose */
  static async listen(port = 0): Promise<TestEndpoint> {
    const endpoint = new TestEndpoint();
    endpoint.#server.listen(port, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/decide?for=tests`;
  }

  /** Settings of a process that asks this endpoint. */
  get env() {
    return { BEFORE_PUBLISH_URL: this.url, BEFORE_PUBLISH_SECRET: HOOK_SECRET };
  }

  /** Contents in the order in which they were asked about. */
  get contents(): string[] {
    return this.asked.map(({ content }) => content);
  }

  /** Passes every text again, and forgets what it was asked. */
  reset(): void {
    this.asked = [];
    this.answer = () => PASS;
    this.mostInProgress = 0;
  }

  /** Closes all connections. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  async #receive(
    request: Parameters<typeof text>[0] & { headers: IncomingHttpHeaders },
    response: ServerResponse,
  ) {
    const body = await text(request).catch(() => '');
    if (body === '') return;
    const { type, data } = JSON.parse(body);
    const asked = { type, content: data.content, about: data, headers: request.headers, body };
    this.asked.push(asked);
    const answer = await this.answer(asked, response);
    if (answer === undefined) return;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  }
}
