import { once } from 'node:events';
import { Tokens } from '@chorus/auth';
import {
  type Broker,
  type BrokerListener,
  MemoryBroker,
  MemoryRoomDirectory,
  MemoryRoomStore,
  type RoomDirectory,
} from '@chorus/broker';
import { MemoryAccessList, MemoryNodeRegistry } from '@chorus/control';
import { MemoryPresenceStore } from '@chorus/presence';
import {
  type ClientFrame,
  type Member,
  type Position,
  type ServerFrame,
  SUBPROTOCOL,
  type V1ServerFrame,
} from '@chorus/protocol';
import { Closer, type Environment, type Metrics } from '@chorus/service';
import { patiently, silentLog } from '@chorus/testing';
import WebSocket from 'ws';
import { type GatewayConfig, loadGatewayConfig } from '../config.js';
import { createGateway, type Gateway, type GatewayParts } from '../create-gateway.js';

const SECRET = 'a secret for tests that is long enough';
const WAIT_MS = 15_000;

export const ANN: Member = { id: 1, username: 'ann' };
export const BOB: Member = { id: 2, username: 'bob' };

/** Headers of a request; a header with several values is sent several times. */
export type RequestHeaders = Record<string, string | string[]>;

/** A socket to a gateway that keeps the frames that it receives. */
export class TestPeer<Frame = ServerFrame> {
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;

  constructor(readonly ws: WebSocket) {
    ws.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as Frame));
    ws.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** Drops the frames received so far. */
  forget(): void {
    this.frames.length = 0;
    this.#read = 0;
  }

  /** Resolves with the next matching frame after the last one returned; skips others. */
  async next(matches: (frame: Frame) => boolean, waitMs = WAIT_MS): Promise<Frame> {
    const signal = AbortSignal.timeout(patiently(waitMs));
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
}

/** A plain socket. */
export class TestSocket extends TestPeer {
  message(content: string): Promise<ServerFrame> {
    return this.next((frame) => frame.type === 'message' && frame.content === content);
  }
}

type FrameOf<T extends V1ServerFrame['type']> = Extract<V1ServerFrame, { type: T }>;

/** A `chorus.v1` socket. */
export class V1Socket extends TestPeer<V1ServerFrame> {
  send(frame: ClientFrame): void {
    this.ws.send(JSON.stringify(frame));
  }

  /** Resolves with the next frame of that type, and of that room if one is given. */
  async of<T extends V1ServerFrame['type']>(type: T, roomId?: number, waitMs?: number): Promise<FrameOf<T>> {
    const fits = (frame: V1ServerFrame): boolean =>
      frame.type === type && (roomId === undefined || ('roomId' in frame && frame.roomId === roomId));
    return (await this.next(fits, waitMs)) as FrameOf<T>;
  }

  /** Joins a room and resolves with the answer. */
  join(roomId: number, since?: Position): Promise<FrameOf<'room-joined'>> {
    this.send(since === undefined ? { type: 'join', roomId } : { type: 'join', roomId, since });
    return this.of('room-joined', roomId);
  }

  async leave(roomId: number): Promise<FrameOf<'room-left'>> {
    this.send({ type: 'leave', roomId });
    return this.of('room-left', roomId);
  }

  /** Publishes a message and resolves with its ack. */
  publish(roomId: number, content: string, clientMsgId: string): Promise<FrameOf<'ack'>> {
    this.send({ type: 'publish', roomId, clientMsgId, content });
    return this.ack(clientMsgId);
  }

  async ack(clientMsgId: string): Promise<FrameOf<'ack'>> {
    const fits = (frame: V1ServerFrame): boolean => frame.type === 'ack' && frame.clientMsgId === clientMsgId;
    return (await this.next(fits)) as FrameOf<'ack'>;
  }

  /** The messages received so far. */
  get messages(): FrameOf<'message'>[] {
    return this.frames.filter((frame) => frame.type === 'message');
  }
}

/** Inserts a listener between a broker and its gateway. */
export function listeningThrough<B extends Broker>(
  broker: B,
  through: (listener: BrokerListener) => BrokerListener,
): B {
  const listen = broker.listen.bind(broker);
  broker.listen = (listener) => listen(through(listener));
  return broker;
}

/** Gateways in this process over one memory broker and presence, with real sockets. */
export class GatewayFixture {
  readonly rooms = new MemoryRoomStore();
  readonly directory: RoomDirectory = new MemoryRoomDirectory(this.rooms);
  readonly presence = new MemoryPresenceStore({
    announce: (roomId, frame) => this.rooms.notice(roomId, frame),
  });
  readonly access = new MemoryAccessList();
  readonly nodes = new MemoryNodeRegistry();
  readonly tokens = new Tokens(SECRET);
  protected readonly closer = new Closer();

  /** @param wrap stands between the gateway and its broker, to make it fail on purpose */
  async start(
    env: Environment = {},
    wrap: (broker: Broker) => Broker = (broker) => broker,
    metrics?: Metrics,
  ): Promise<Gateway> {
    await this.directory.markComplete();
    const config = loadGatewayConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      JWT_SECRET: SECRET,
      DRAIN_DELAY_MS: '0',
      DRAIN_MS: '0',
      ...env,
    });
    const { connectBroker, ...parts } = await this.parts(config);
    const gateway = await createGateway(config, {
      ...parts,
      metrics,
      connectBroker: async (busy) => wrap(await connectBroker(busy)),
    });
    return this.closer.add(gateway);
  }

  protected async parts(_config: GatewayConfig): Promise<GatewayParts> {
    return {
      connectBroker: async () => new MemoryBroker(this.rooms),
      presence: this.presence,
      access: this.access,
      nodes: this.nodes,
      log: silentLog,
    };
  }

  bearer(member: Member): Record<string, string> {
    return { authorization: `Bearer ${this.tokens.sign(member)}` };
  }

  /** Opens a plain socket and resolves when it has joined the room. */
  async join(gateway: Gateway, roomId: number, member: Member, query = ''): Promise<TestSocket> {
    const socket = this.connect(gateway, `/ws/join-room/${roomId}${query}`, this.bearer(member));
    await once(socket.ws, 'open');
    return socket;
  }

  connect(gateway: Gateway, path: string, headers: RequestHeaders = {}): TestSocket {
    return new TestSocket(this.#open(gateway, path, headers));
  }

  /** Opens a `chorus.v1` socket. @param path of one that joins a room at once */
  async connectV1(gateway: Gateway, member: Member, path = '/ws/connect'): Promise<V1Socket> {
    const socket = new V1Socket(this.#open(gateway, path, this.bearer(member), [SUBPROTOCOL]));
    await once(socket.ws, 'open');
    return socket;
  }

  /** The HTTP response to a refused upgrade. */
  async refusal(gateway: Gateway, path: string, headers: RequestHeaders = {}) {
    const { 'sec-websocket-protocol': protocols, ...others } = headers;
    const ws = this.#open(gateway, path, others, protocols?.toString().split(', '));
    ws.on('error', () => undefined);
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
    return this.closer.close();
  }

  #open(gateway: Gateway, path: string, headers: RequestHeaders, protocols?: string[]): WebSocket {
    const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, { headers });
    this.closer.defer(() => ws.terminate());
    return ws;
  }
}
