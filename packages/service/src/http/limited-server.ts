import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { servedConnections } from '../process/open-files.js';
import type { Logger } from '../telemetry/logger.js';
import { clientAddress } from './client-address.js';
import { SilentConnections } from './silent-connections.js';

export interface ConnectionLimits {
  /** Largest number of connections of the server; see `descriptorsForConnections`. */
  readonly capacity: number;
  /** False behind proxies: their addresses do not identify clients. */
  readonly byAddress: boolean;
  /** Logs connections that the system did not hand over. */
  readonly log: Pick<Logger, 'warn'>;
}

/** How long a connection over the limit may take to send its request, in milliseconds. */
const REFUSED_MS = 1_000;

/**
 * Keeps the connections of an HTTP server of Node.js below the number that its process may open. A request on a
 * connection beyond the first seven eighths must be answered with 503. Connections beyond the capacity are closed
 * unanswered, and so are those of an address with too many connections without a request.
 *
 * @returns whether a request, or an upgrade, must be refused; the handlers must check this first
 */
export function limitConnections(
  server: Server,
  { capacity, byAddress, log }: ConnectionLimits,
): (request: IncomingMessage) => boolean {
  const known = new WeakSet<Socket>();
  const refused = new WeakSet<Socket>();
  const silent = new Map<Socket, string>();
  const counts = new SilentConnections();
  const served = servedConnections(capacity);
  const most = Math.max(1, Math.floor(capacity));
  if (Number.isFinite(capacity)) server.maxConnections = most;
  // Without a listener a failed accept would end the process. Before it listens, its starter handles errors.
  server.once('listening', () => {
    server.on('error', (error) => log.warn({ error: error.message }, 'a connection could not be accepted'));
  });
  let open = 0;
  const leave = (socket: Socket): void => {
    const address = silent.get(socket);
    if (address !== undefined) counts.left(address);
    silent.delete(socket);
  };
  server.on('connection', (socket) => {
    // A refused upgrade announces its connection again.
    if (known.has(socket)) return;
    known.add(socket);
    open++;
    socket.once('close', () => {
      open--;
      leave(socket);
    });
    // Node counts only connections that the server itself accepted, not those that `listen` accepts for it.
    if (open > most) return void socket.destroy();
    if (byAddress) {
      const address = clientAddress(socket.remoteAddress ?? '', undefined, 0);
      if (!counts.opened(address, capacity - open + 1)) return void socket.destroy();
      silent.set(socket, address);
    }
    if (open > served) {
      refused.add(socket);
      const late = setTimeout(() => socket.destroy(), REFUSED_MS);
      socket.once('close', () => clearTimeout(late));
    }
  });
  return ({ socket }) => {
    leave(socket);
    return refused.has(socket);
  };
}
