import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionLimits, limitConnections, StartError } from '@chorus/service';
import { createProxyServer, proxyUpgrade } from 'httpxy';
import { ReadyTargets } from './ready-targets.js';

/** Where requests go: the base URLs (`http://127.0.0.1:3000`) of processes that do the same. */
export interface Targets {
  apis: readonly string[];
  gateways: readonly string[];
}

export interface Balancer {
  readonly url: string;
  readonly port: number;
  /** Takes effect with the next request; what is open stays. */
  setTargets(targets: Targets): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

type Kind = keyof Targets;

/**
 * Connections that wait to be accepted, as far as the system lets so many: when a gateway dies its clients come back
 * together, and one that finds no place here tries again only a second later, and then three.
 */
const BACKLOG = 4_096;

/** The answer when no process of a kind accepts a connection. */
const UNREACHABLE: Record<Kind, string> = {
  apis: 'no API is reachable',
  gateways: 'no gateway is reachable',
};

const FULL = 'too many connections at the moment, try again';

const GATEWAY_PATH = /^\/ws\/(join-room\/|connect(?:$|[/?]))/;

/**
 * Puts API and gateway processes behind one port, in turn, as an ingress does in production.
 * For development and tests only: no TLS, no limits but on connections.
 *
 * A request is handed over only after its process accepted a connection, so one that is gone is
 * skipped and nothing is sent twice. Processes that say that they are not ready are passed by, as long as
 * others are. Listens at once; without targets every answer is a 503.
 *
 * @throws {StartError} the port is taken or may not be used
 */
export async function startBalancer(
  options: {
    port: number;
    host: string;
    /** Of connections of clients; without them it takes every one. */
    connections?: ConnectionLimits;
  } & Partial<Targets>,
): Promise<Balancer> {
  let targets: Targets = { apis: options.apis ?? [], gateways: options.gateways ?? [] };
  const ready = new ReadyTargets();
  const watch = (): void => ready.watch([...targets.apis, ...targets.gateways]);
  watch();
  const turns: Record<Kind, number> = { apis: 0, gateways: 0 };
  const sockets = new Set<Socket>();
  const proxy = createProxyServer({ proxyTimeout: 0 });
  // One connection a request: whether the client's goes on has nothing to do with it.
  proxy.on('proxyRes', (response) => {
    delete response.headers.connection;
  });

  /** Connects to the next process that accepts; `undefined` when none does. */
  const connectNext = async (kind: Kind): Promise<{ target: string; socket: Socket } | undefined> => {
    const candidates = ready.among(targets[kind]);
    const start = turns[kind]++;
    for (let index = 0; index < candidates.length; index++) {
      const target = candidates[(start + index) % candidates.length] ?? '';
      const { hostname, port } = new URL(target);
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      try {
        await once(socket, 'connect');
        return { target, socket };
      } catch {
        socket.destroy();
      }
    }
    return undefined;
  };

  const server = createServer(async (request, response) => {
    if (isBeyond(request)) return answer(response, 503, FULL);
    const kind = kindOf(request);
    const upstream = await connectNext(kind);
    if (upstream === undefined) return answer(response, 503, UNREACHABLE[kind]);
    if (response.closed) return void upstream.socket.destroy();
    try {
      noteClient(request);
      await proxy.web(request, response, { target: upstream.target, agent: agentOf(upstream.socket) });
    } catch {
      answer(response, 502, 'the process that had this request has gone');
    } finally {
      upstream.socket.destroy();
    }
  });
  server.on('upgrade', async (request: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => client.destroy());
    if (isBeyond(request)) return answerRaw(client, 503, FULL);
    const kind = kindOf(request);
    const upstream = await connectNext(kind);
    if (upstream === undefined) return answerRaw(client, 503, UNREACHABLE[kind]);
    client.once('close', () => upstream.socket.destroy());
    if (client.destroyed) return void upstream.socket.destroy();
    try {
      noteClient(request);
      const agent = agentOf(upstream.socket);
      await proxyUpgrade(upstream.target, request, client, head, { agent, xfwd: false });
      upstream.socket.once('close', () => client.end());
      if (upstream.socket.destroyed) client.end();
    } catch {
      // An answer that is not an upgrade was passed on; after anything else the client has been closed.
    }
  });
  const isBeyond =
    options.connections === undefined ? () => false : limitConnections(server, options.connections);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  try {
    await listen(server, options);
  } catch (error) {
    ready.close();
    throw error;
  }

  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${urlHost(options.host)}:${port}`,
    port,
    setTargets(next) {
      targets = next;
      watch();
    },
    close() {
      ready.close();
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

function kindOf(request: IncomingMessage): Kind {
  return GATEWAY_PATH.test(request.url ?? '') ? 'gateways' : 'apis';
}

/** Whoever connects here is the client; what it says about itself in these headers is not believed. */
function noteClient(request: IncomingMessage): void {
  request.headers['x-forwarded-for'] = request.socket.remoteAddress;
  request.headers['x-forwarded-host'] = request.headers.host;
  request.headers['x-forwarded-proto'] = 'http';
}

/** An agent whose one connection is open already. */
function agentOf(socket: Socket): Agent {
  const agent = new Agent({ maxSockets: 1 });
  agent.createConnection = (): Duplex => socket;
  return agent;
}

function answer(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error }));
}

function answerRaw(socket: Duplex, status: number, error: string): void {
  const body = JSON.stringify({ error });
  socket.end(
    `HTTP/1.1 ${status} Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

async function listen(
  server: ReturnType<typeof createServer>,
  options: { port: number; host: string },
): Promise<void> {
  server.listen({ port: options.port, host: options.host, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartError(`port ${options.port} is already in use`);
    if (code === 'EACCES') throw new StartError(`port ${options.port} may not be used by this user`);
    throw new StartError(`cannot listen on ${options.host}:${options.port}: ${message}`);
  }
}

/** The address under which this machine itself reaches a server that listens on `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
