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
  /** `localhost` is both loopback addresses, whatever the system makes of the name. */
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly backlog?: number;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting connections; resolves when none is left. */
  close(): Promise<void>;
}

const IPV4 = '127.0.0.1';
const IPV6 = '::1';

/** Another process can take the port between the two addresses, but hardly this often in a row. */
const ATTEMPTS = 10;

/**
 * Makes an HTTP server listen. On `localhost` it listens on the loopback addresses of IPv4 and IPv6: which of them a browser,
 * curl or Node tries first depends on the system, and not every client tries the second. Node alone would take the first
 * address that the system has for the name. Without IPv6 it is 127.0.0.1 alone.
 *
 * @throws the error of the system; nothing listens then
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
    // Connections that could not be accepted are the server's to report, wherever they came from.
    second.on('error', (error) => server.emit('error', error));
    const both = [server, second];
    return { port, close: async () => void (await Promise.all(both.map(closed))) };
  }
}

/**
 * Accepts connections on the IPv6 loopback address for the server, as soon as that listens.
 *
 * @returns undefined when this machine has no such address
 */
async function listenOnIpv6(
  server: Server,
  { port, backlog }: ListenAddress,
): Promise<TcpServer | undefined> {
  // Options of connections are those that an HTTP server of Node has.
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
