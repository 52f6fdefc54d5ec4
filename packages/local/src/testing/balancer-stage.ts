import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Closer, createHttpServer, type UpgradeHandler } from '@chorus/service';
import { RawClient, statusOf } from '@chorus/service/testing';
import { expect } from 'chai';
import { type BalancerOptions, startBalancer } from '../balancer/balancer.js';

export const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
/** The lines of the head of a WebSocket upgrade. */
export const JOIN = ['GET /ws/join-room/1 HTTP/1.1', 'Host: chat', ...WEBSOCKET];
export const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
export const MEGABYTE = 1024 * 1024;

/** A balancer in front of one process whose answers the test chooses. */
export class BalancerStage {
  /** Requests that reached the process, including upgrades. */
  readonly asked: IncomingMessage[] = [];
  answer: RequestListener = (request, response) =>
    void request.resume().once('end', () => response.end(`${request.url} done`));
  /** Echoes, unless a test sets another handler. */
  onUpgrade: UpgradeHandler = (_, socket) => {
    socket.write(SWITCHED);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  };
  readonly #closer = new Closer();
  #url = '';

  async start(options: Partial<BalancerOptions> = {}): Promise<void> {
    const url = await this.#startProcess();
    const targets = { apis: [url], gateways: [url] };
    const balancer = await startBalancer({ port: 0, host: '127.0.0.1', ...targets, ...options });
    this.#url = this.#closer.add(balancer).url;
  }

  close(): Promise<void> {
    return this.#closer.close();
  }

  ask(lines: readonly string[], body = ''): Promise<string> {
    return RawClient.ask(this.#url, lines, body);
  }

  open(): Promise<RawClient> {
    return RawClient.open(this.#url);
  }

  async #startProcess(): Promise<string> {
    const handler: RequestListener = (request, response) => {
      if (request.url === '/readyz') return void response.end();
      this.asked.push(request);
      this.answer(request, response);
    };
    const webSocket: UpgradeHandler = (request, socket, head) => {
      this.asked.push(request);
      this.onUpgrade(request, socket, head);
    };
    const server = createHttpServer(handler, { webSocket });
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closer.defer(async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** Expects a JSON answer with this status and an `error`, and with this code unless it is undefined. */
export function expectError(text: string, status: number, expected?: string): void {
  expect(statusOf(text)).to.equal(status);
  const { error, code } = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
  expect(error).to.be.a('string').and.not.to.equal('');
  if (expected !== undefined) expect(code).to.equal(expected);
}
