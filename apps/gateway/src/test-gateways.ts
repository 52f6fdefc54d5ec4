import { once } from 'node:events';
import { Tokens } from '@chorus/auth';
import {
  type Broker,
  type BrokerListener,
  MemoryBroker,
  MemoryRoomDirectory,
  MemoryRooms,
} from '@chorus/broker';
import { MemoryPresenceStore } from '@chorus/presence';
import type { Member, ServerFrame } from '@chorus/protocol';
import { Closer, createLogger, type Environment } from '@chorus/service';
import WebSocket from 'ws';
import { loadGatewayConfig } from './config.js';
import { createGateway, type Gateway } from './create-gateway.js';

const SECRET = 'a secret for tests that is long enough';
const WAIT_MS = 5_000;

export const ANN: Member = { id: 1, username: 'ann' };
export const BOB: Member = { id: 2, username: 'bob' };

/** A socket to a gateway that keeps what it received. */
export class TestSocket {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;

  constructor(readonly ws: WebSocket) {
    ws.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as ServerFrame));
    ws.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** The next frame, from where the last call stopped, that matches; earlier ones are passed over. */
  async next(matches: (frame: ServerFrame) => boolean, waitMs = WAIT_MS): Promise<ServerFrame> {
    const signal = AbortSignal.timeout(waitMs);
    for (;;) {
      for (; this.#read < this.frames.length; this.#read++) {
        const frame = this.frames[this.#read];
        if (frame !== undefined && matches(frame)) {
          this.#read++;
          return frame;
        }
      }
      await once(this.ws, 'message', { signal });
    }
  }

  message(content: string): Promise<ServerFrame> {
    return this.next((frame) => frame.type === 'message' && frame.content === content);
  }
}

/** Gateways in this process over one memory broker and presence, with real sockets. */
export class GatewayFixture {
  readonly rooms = new MemoryRooms(1_000);
  readonly directory = new MemoryRoomDirectory(this.rooms);
  readonly presence = new MemoryPresenceStore({
    announce: (roomId, frame) => this.rooms.notice(roomId, frame),
  });
  readonly tokens = new Tokens(SECRET);
  readonly #closer = new Closer();

  /** @param wrap stands between the gateway and its broker, to make it fail on purpose */
  async start(
    env: Environment = {},
    wrap: (broker: Broker) => Broker = (broker) => broker,
  ): Promise<Gateway> {
    await this.directory.markComplete();
    const config = loadGatewayConfig({ HOST: '127.0.0.1', PORT: '0', JWT_SECRET: SECRET, ...env });
    const gateway = await createGateway(config, {
      connectBroker: async (listener: BrokerListener) => wrap(new MemoryBroker(this.rooms, listener)),
      presence: this.presence,
      log: createLogger({ service: 'test', level: 'silent' }),
    });
    return this.#closer.add(gateway);
  }

  bearer(member: Member): Record<string, string> {
    return { authorization: `Bearer ${this.tokens.sign(member)}` };
  }

  /** Opens a socket and waits until it is in the room. */
  async join(gateway: Gateway, roomId: number, member: Member): Promise<TestSocket> {
    const socket = this.connect(gateway, `/ws/join-room/${roomId}`, this.bearer(member));
    await once(socket.ws, 'open');
    return socket;
  }

  connect(gateway: Gateway, path: string, headers: Record<string, string> = {}): TestSocket {
    const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, { headers });
    this.#closer.defer(() => ws.terminate());
    return new TestSocket(ws);
  }

  /** The HTTP answer to an upgrade that is refused. */
  async refusal(gateway: Gateway, path: string, headers: Record<string, string> = {}) {
    const { ws } = this.connect(gateway, path, headers);
    const [, response] = (await once(ws, 'unexpected-response')) as [
      unknown,
      import('node:http').IncomingMessage,
    ];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return {
      status: response.statusCode,
      headers: response.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
  }

  close(): Promise<void> {
    return this.#closer.close();
  }
}
