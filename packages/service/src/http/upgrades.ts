import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** @param head bytes that were read after the request */
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/** Headers that belong to an upgrade. */
const OF_UPGRADES = ['upgrade', 'http2-settings'];

/** Whether a request asks for a WebSocket; any other upgrade is an ordinary request (RFC 9110 §7.8). */
export function asksForWebSocket({ method, httpVersion, headers }: IncomingMessage): boolean {
  const offers = headers.upgrade?.split(',') ?? [];
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    offers.some((offer) => offer.trim().toLowerCase() === 'websocket')
  );
}

/**
 * Returns a request for an unsupported protocol to the server, without its upgrade. Node hands over all upgrades or
 * none; since version 24.9 `shouldUpgradeCallback` decides. The server emits `connection` once more.
 */
export function readAgain(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  // The server adds its own listener again.
  socket.removeAllListeners('timeout');
  socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), head]));
  server.emit('connection', socket);
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (OF_UPGRADES.includes(name.toLowerCase())) continue;
    const value = rawHeaders[index + 1] ?? '';
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OF_UPGRADES.includes(option.toLowerCase())).join(', ');
}
