import { once } from 'node:events';
import { Tokens } from '@chorus/auth';
import {
  type Broker,
  type BrokerListener,
  MemoryBroker,
  MemoryReadPositions,
  MemoryRoomDirectory,
  MemoryRoomStore,
  type RoomDirectory,
} from '@chorus/broker';
import { type AccessList, type MembershipList, MemoryAccessList, MemoryNodeRegistry } from '@chorus/control';
import { MemoryPresenceStore } from '@chorus/presence';
import { type Member, SUBPROTOCOL } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { Closer, type Environment, type Metrics } from '@chorus/service';
import { opened, PlainSocket, silentLog, UpgradeRefused, V1Socket } from '@chorus/testing';
import WebSocket from 'ws';
import { type GatewayConfig, loadGatewayConfig } from '../config.js';
import { createGateway, type Gateway, type GatewayParts } from '../create-gateway.js';

const SECRET = 'a secret for tests that is long enough';

export const ANN: Member = { id: 1, username: 'ann' };
export const BOB: Member = { id: 2, username: 'bob' };

/** Headers of a request; a header with several values is sent several times. */
export type RequestHeaders = Record<string, string | string[]>;

/** Inserts a listener between a broker and its gateway. */
export function listeningThrough<B extends Broker>(
  broker: B,
  through: (listener: BrokerListener) => BrokerListener,
): B {
  const listen = broker.listen.bind(broker);
  broker.listen = (listener, activity) => listen(through(listener), activity);
  return broker;
}

/** Lets gateways have no copy of the list: they ask it each time. */
export function alwaysAsked(list: Pick<AccessList, 'changesAfter'>): void {
  list.changesAfter = () => Promise.reject(new UnavailableError('there is no log in this test'));
}

/** Gateways in this process over one memory broker and presence, with real sockets. */
export class GatewayFixture {
  readonly rooms = new MemoryRoomStore();
  readonly directory: RoomDirectory = new MemoryRoomDirectory(this.rooms);
  readonly presence = new MemoryPresenceStore({
    announce: (roomId, frame) => this.rooms.notice(roomId, frame),
  });
  readonly access = new MemoryAccessList();
  readonly memberships: MembershipList = this.access.memberships;
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
      connectBroker: async (gathering) => wrap(await connectBroker(gathering)),
    });
    return this.closer.add(gateway);
  }

  protected async parts(_config: GatewayConfig): Promise<GatewayParts> {
    return {
      connectBroker: async () => new MemoryBroker(this.rooms),
      presence: this.presence,
      access: this.access,
      memberships: this.memberships,
      reads: new MemoryReadPositions(this.rooms),
      nodes: this.nodes,
      log: silentLog,
    };
  }

  /** A broker of the gateways' rooms, to publish what no socket can send. */
  async broker(): Promise<Broker> {
    const { connectBroker } = await this.parts(loadGatewayConfig({ JWT_SECRET: SECRET }));
    return this.closer.add(await connectBroker(() => 1));
  }

  bearer(member: Member): Record<string, string> {
    return { authorization: `Bearer ${this.tokens.sign(member)}` };
  }

  /** Opens a plain socket and resolves when it has joined the room. */
  async join(gateway: Gateway, roomId: number, member: Member, query = ''): Promise<PlainSocket> {
    const socket = this.connect(gateway, `/ws/join-room/${roomId}${query}`, this.bearer(member));
    await once(socket.socket, 'open');
    return socket;
  }

  connect(gateway: Gateway, path: string, headers: RequestHeaders = {}): PlainSocket {
    return new PlainSocket(this.#open(gateway, path, headers));
  }

  /** Opens a `chorus.v1` socket. @param path of one that joins a room at once */
  async connectV1(gateway: Gateway, member: Member, path = '/ws/connect'): Promise<V1Socket> {
    const socket = new V1Socket(this.#open(gateway, path, this.bearer(member), [SUBPROTOCOL]));
    await once(socket.socket, 'open');
    return socket;
  }

  /** The HTTP response to a refused upgrade. */
  async refusal(gateway: Gateway, path: string, headers: RequestHeaders = {}) {
    const { 'sec-websocket-protocol': protocols, ...others } = headers;
    const ws = this.#open(gateway, path, others, protocols?.toString().split(', '));
    const refused: unknown = await opened(ws).catch((error: unknown) => error);
    if (!(refused instanceof UpgradeRefused)) throw new Error(`not refused: ${refused}`);
    const { status, headers: answered } = refused;
    // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
    return { status, headers: answered, body: refused.body as any };
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
