import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Prints the port for the parent process, and ends at SIGTERM. */
export async function serveUntilStopped(
  server: EventEmitter & { address(): AddressInfo | string | null },
): Promise<void> {
  process.once('SIGTERM', () => process.exit());
  if (server.address() === null) await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  console.log(JSON.stringify({ msg: 'server is listening', port: address.port }));
}
