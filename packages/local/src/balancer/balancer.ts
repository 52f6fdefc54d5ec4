import { Agent, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Refusal } from '@chorus/protocol';
import {
  answerRaw,
  type ConnectionLimits,
  createHttpServer,
  type HttpLimits,
  type Listener,
  listen,
  routeOf,
  StartError,
} from '@chorus/service';
import { createProxyServer } from 'httpxy';
import { dropHopByHop, kindOf, noteClient } from './client-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { type Kind, type Targets, Upstreams } from './upstreams.js';

export interface Balancer {
  readonly url: string;
  readonly port: number;
  /** Takes effect with the next request; open connections stay. */
  setTargets(targets: Targets): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface BalancerOptions extends Partial<Targets> {
  /** 0 chooses a free port. */
  readonly port: number;
  readonly host: string;
  readonly limits?: Partial<HttpLimits>;
  /** Limits on connections of clients; without them the balancer accepts all. */
  readonly connections?: ConnectionLimits | undefined;
  /** How long a process may send nothing while it owes an answer, in milliseconds. Default 60,000. */
  readonly answerMs?: number;
}

/**
 * Number of connections that wait to be accepted, as far as the system allows: when a gateway dies, its clients
 * reconnect together. A client that finds no place retries only after one second, and then after three.
 */
const BACKLOG = 4_096;

/** The usual value of reverse proxies. */
const ANSWER_MS = 60_000;

/** Names of the kinds of processes in refusals. */
const NAMES = { apis: 'API', gateways: 'gateway' } as const satisfies Record<Kind, string>;

/**
 * Puts API and gateway processes behind one port, in turn, like an ingress in production. For development and tests
 * only: no TLS.
 *
 * A request is forwarded only after its process has accepted a connection, so a process that has ended is skipped and
 * nothing is sent twice. Processes that report that they are not ready are skipped as long as others are ready.
 * Listens at once; without targets every answer is a 503.
 *
 * @throws {StartError} the port is taken or not permitted
 */
export async function startBalancer(options: BalancerOptions): Promise<Balancer> {
  const upstreams = new Upstreams({ apis: options.apis ?? [], gateways: options.gateways ?? [] });
  const { answerMs = ANSWER_MS } = options;
  const sockets = new Set<Socket>();
  const proxy = createProxyServer();
  // One connection per request: it does not determine whether the client's connection continues.
  proxy.on('proxyRes', ({ headers }) => {
    delete headers.connection;
    delete headers['keep-alive'];
  });

  /** Connects to the next process that accepts, and destroys the connection if it does not answer in time. */
  const connect = async (kind: Kind): Promise<Upstream | undefined> => {
    const socket = await upstreams.connect(kind);
    if (socket === undefined) return undefined;
    const upstream = { socket, late: false };
    socket.on('error', () => socket.destroy());
    socket.setTimeout(answerMs, () => {
      upstream.late = true;
      socket.destroy();
    });
    return upstream;
  };

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    noteClient(request);
    const kind = kindOf(request);
    const upstream = await connect(kind);
    if (upstream === undefined) return refuse(request, response, unreachable(kind));
    const { socket } = upstream;
    if (response.closed) return void socket.destroy();
    dropHopByHop(request, response.shouldKeepAlive);
    try {
      // The library waits forever for the answer of a process that changes the protocol.
      const gone = new Promise<never>((_, reject) => {
        socket.once('close', () => !response.headersSent && reject(new Error('no answer')));
      });
      const options = { target: TARGET, agent: agentOf(socket), headers: KEPT };
      await Promise.race([gone, proxy.web(request, response, options)]);
    } catch {
      refuse(request, response, unanswered(upstream));
    } finally {
      socket.destroy();
    }
  };

  const webSocket = async (request: IncomingMessage, client: Socket, head: Buffer): Promise<void> => {
    noteClient(request);
    const kind = kindOf(request);
    const upstream = await connect(kind);
    if (upstream === undefined) return refuseRaw(request, client, unreachable(kind));
    if (client.destroyed) return void upstream.socket.destroy();
    const answered = await forwardUpgrade(request, client, head, upstream.socket);
    if (!answered) refuseRaw(request, client, unanswered(upstream));
  };

  const { limits, connections } = options;
  const server = createHttpServer(forward, { limits, connections, webSocket });
  server.on('connection', (socket) => {
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let listener: Listener;
  try {
    listener = await listenOrSayWhy(server, options);
  } catch (error) {
    upstreams.close();
    throw error;
  }

  const { port } = listener;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${urlHost(options.host)}:${port}`,
    port,
    setTargets: (targets) => upstreams.set(targets),
    close() {
      upstreams.close();
      closing ??= listener.close();
      for (const socket of sockets) socket.destroy();
      return closing;
    },
  };
}

interface Upstream {
  readonly socket: Socket;
  /** Whether the process did not answer in time. */
  late: boolean;
}

/** The URL is irrelevant: the connection of each request is chosen before. */
const TARGET = 'http://upstream';

/** A process that closes before it has read everything would take back its answer. */
const KEPT = { connection: 'keep-alive' };

/** Returns an agent with a single connection that is already open. */
function agentOf(socket: Socket): Agent {
  const agent = new Agent({ maxSockets: 1 });
  agent.createConnection = (): Duplex => socket;
  return agent;
}

const unreachable = (kind: Kind): Refusal => new Refusal('upstream_unavailable', NAMES[kind]);

function unanswered({ late }: Upstream): Refusal {
  return late ? new Refusal('upstream_timeout') : new Refusal('upstream_closed');
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(refusal.bodyFor(routeOf(request)));
  const headers = {
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  };
  response.writeHead(refusal.status, headers).end(body);
}

function refuseRaw(request: IncomingMessage, client: Socket, refusal: Refusal): void {
  answerRaw(client, refusal.status, refusal.bodyFor(routeOf(request)), refusal.headers);
}

async function listenOrSayWhy(server: Server, options: { port: number; host: string }): Promise<Listener> {
  try {
    return await listen(server, { port: options.port, host: options.host, backlog: BACKLOG });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartError(`port ${options.port} is already in use`);
    if (code === 'EACCES') throw new StartError(`port ${options.port} may not be used by this user`);
    throw new StartError(`cannot listen on ${options.host}:${options.port}: ${message}`);
  }
}

/** Returns the address at which this machine reaches a server that listens on `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
