import { once } from 'node:events';
import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClientFrame, V1ServerFrame } from '@chorus/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

/** The gateway's side of one connection. */
export interface ScriptedConnection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  say(...frames: V1ServerFrame[]): void;
  /** Resolves with the next frame that the client sends, in order. */
  next(): Promise<ClientFrame>;
}

/** A gateway that sends what the test tells it to. */
export class ScriptedGateway {
  /** Answers for the next upgrades instead of accepting them. */
  readonly refusals: Array<{ status: number; headers?: Record<string, string> }> = [];
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #arrived: ScriptedConnection[] = [];
  #onArrival: (() => void) | undefined;

  static async start(): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway();
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  private constructor() {
    this.#server.on('upgrade', (request, socket, head) => {
      const refusal = this.refusals.shift();
      if (refusal === undefined) {
        this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#take(webSocket, request));
        return;
      }
      const headers = Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      const { status } = refusal;
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}connection: close\r\n\r\n`,
      );
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with the next connection, in order of arrival. */
  async connection(): Promise<ScriptedConnection> {
    for (;;) {
      const connection = this.#arrived.shift();
      if (connection !== undefined) return connection;
      await new Promise<void>((resolve) => {
        this.#onArrival = resolve;
      });
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(socket: WebSocket, request: IncomingMessage): void {
    const frames: ClientFrame[] = [];
    let onFrame: (() => void) | undefined;
    socket.on('message', (data) => {
      frames.push(JSON.parse(String(data)) as ClientFrame);
      onFrame?.();
    });
    this.#arrived.push({
      socket,
      request,
      say: (...said) => {
        for (const frame of said) socket.send(JSON.stringify(frame));
      },
      next: async () => {
        for (;;) {
          const frame = frames.shift();
          if (frame !== undefined) return frame;
          await new Promise<void>((resolve) => {
            onFrame = resolve;
          });
        }
      },
    });
    this.#onArrival?.();
  }
}
