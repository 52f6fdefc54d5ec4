import { once } from 'node:events';
import type { Server } from 'node:http';
import {
  type AddressInfo,
  createServer,
  type ListenOptions,
  type Socket,
  type Server as TcpServer,
} from 'node:net';

export interface ListenAddress {
  /** `localhost` means both loopback addresses, however the system resolves the name. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly backlog?: number;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting connections; resolves when all have ended. */
  close(): Promise<void>;
}

const IPV4 = '127.0.0.1';
const IPV6 = '::1';

/** Another process can take the port between the two addresses, but hardly this often in a row. */
const ATTEMPTS = 10;

/**
 * Makes an HTTP server listen. On `localhost` it listens on the loopback addresses of IPv4 and IPv6: which one a
 * browser, curl or Node tries first depends on the system, and not every client tries the second. Node alone would
 * use the system's first address for the name. Without IPv6, only 127.0.0.1.
 *
 * @throws the error of the system; the server does not listen then
 */
export async function listen(server: Server, address: ListenAddress): Promise<Listener> {
  if (address.host !== 'localhost') {
    await listening(server, address);
    return { port: portOf(server), close: () => closed(server) };
  }
  for (let attempt = 1; ; attempt++) {
    const second = await listenOnIpv6(server, address);
    const port = second === undefined ? address.port : portOf(second);
    try {
      await listening(server, { ...address, host: IPV4, port });
    } catch (error) {
      second?.close();
      if (address.port === 0 && codeOf(error) === 'EADDRINUSE' && attempt < ATTEMPTS) continue;
      throw error;
    }
    if (second === undefined) return { port: portOf(server), close: () => closed(server) };
    // The server reports connections that could not be accepted, on any address.
    second.on('error', (error) => server.emit('error', error));
    const both = [server, second];
    return { port, close: async () => void (await Promise.all(both.map(closed))) };
  }
}

/**
 * Accepts connections on the IPv6 loopback address for the server, once it listens.
 *
 * @returns undefined if this machine has no such address
 */
async function listenOnIpv6(
  server: Server,
  { port, backlog }: ListenAddress,
): Promise<TcpServer | undefined> {
  // The connection options of Node's HTTP server.
  const second = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (server.listening) server.emit('connection', socket);
    else socket.destroy();
  });
  try {
    await listening(second, { host: IPV6, port, backlog });
    return second;
  } catch (error) {
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function listening(server: TcpServer, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

async function closed(server: TcpServer): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

const portOf = (server: TcpServer): number => (server.address() as AddressInfo).port;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
