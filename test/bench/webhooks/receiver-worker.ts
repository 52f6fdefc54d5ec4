import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** What the endpoints of a thread received since the last question. */
export interface Received {
  /** Times from the record of each event to its delivery, in milliseconds, by endpoint. */
  readonly ms: Readonly<Record<string, readonly number[]>>;
  /** Deliveries of an event that was delivered before, and of events behind a later one of their room, by endpoint. */
  readonly again: Readonly<Record<string, number>>;
  readonly disorder: Readonly<Record<string, number>>;
}

/** Order to the thread: endpoints that do not answer, or answer 503, until told otherwise. */
export interface Order {
  readonly hanging?: readonly string[];
  readonly failing?: readonly string[];
}

class Endpoint {
  ms: number[] = [];
  again = 0;
  disorder = 0;
  readonly #seen = new Set<string>();
  readonly #last = new Map<number, number>();

  receive(id: string, body: string): void {
    const { timestamp, data } = JSON.parse(body) as {
      timestamp: string;
      data: { roomId: number; seq: number };
    };
    if (this.#seen.has(id)) {
      this.again++;
      return;
    }
    this.#seen.add(id);
    this.ms.push(Date.now() - Date.parse(timestamp));
    if ((this.#last.get(data.roomId) ?? 0) > data.seq) this.disorder++;
    this.#last.set(data.roomId, data.seq);
  }
}

const endpoints = new Map<string, Endpoint>();
let order: Order = {};

function receive(request: IncomingMessage, response: ServerResponse): void {
  const name = request.url ?? '';
  if (order.hanging?.includes(name)) return;
  const endpoint = endpoints.get(name) ?? new Endpoint();
  endpoints.set(name, endpoint);
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    const fails = order.failing?.includes(name) === true;
    if (!fails) endpoint.receive(String(request.headers['webhook-id']), body);
    response.writeHead(fails ? 503 : 204).end();
  });
}

const server = createServer(receive).listen(0, '127.0.0.1');
await once(server, 'listening');
parentPort?.postMessage((server.address() as AddressInfo).port);
parentPort?.on('message', (message: Order | 'report') => {
  if (message !== 'report') {
    order = message;
    return;
  }
  const of = <T>(read: (endpoint: Endpoint) => T): Record<string, T> =>
    Object.fromEntries([...endpoints].map(([name, endpoint]) => [name, read(endpoint)]));
  const received: Received = {
    ms: of(({ ms }) => ms),
    again: of(({ again }) => again),
    disorder: of(({ disorder }) => disorder),
  };
  for (const endpoint of endpoints.values()) Object.assign(endpoint, { ms: [], again: 0, disorder: 0 });
  parentPort?.postMessage(received);
});
