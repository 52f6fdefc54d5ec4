import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { listen, StartError } from '@chorus/service';

/**
 * Below the ports that systems use for outgoing connections (from 32,768 on Linux, 49,152 on macOS): one of those
 * could take the port between this choice and its use, or while the process that has it restarts.
 */
const FIRST = 16_000;
const LAST = 31_999;

/**
 * Returns a free TCP port of `localhost`; never one twice in the life of this process, in any process that uses this
 * function.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if ((await isFree(port)) && (await reserve(port))) return port;
  }
}

/** Returns the given port, or a free one. @throws {StartError} if it is taken */
export async function choosePort(port: number | undefined): Promise<number> {
  if (port === undefined) return freePort();
  if (!(await isFree(port))) throw new StartError(`port ${port} is already in use`);
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    const listener = await listen(server, { port, host: 'localhost' });
    await listener.close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Holds the UDP port of that number, which is otherwise unused, while this process lives: seconds can pass until the
 * TCP port is listened on, and other processes choose ports meanwhile.
 *
 * @returns false if another process holds it
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });
}
