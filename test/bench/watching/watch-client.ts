import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Tokens } from '@chorus/auth';
import { SUBPROTOCOL } from '@chorus/protocol';
import type { Arrival, WatchOrder, WatchReply } from './watchers.js';

/* A process that holds `chorus.v1` sockets and notes when frames of inboxes arrive; see `idle-client.ts` for why it is bare. */

/** Sockets that connect, or begin to watch, concurrently. */
const AT_ONCE = 50;
const NEWS = /"type":"inbox","rooms":\[\{[^}]*"n":(\d+)/g;

interface Client {
  readonly socket: Socket;
  /** Called with each chunk. */
  heard: (text: string) => void;
}

const clients: Client[] = [];
const arrivals: Arrival[] = [];

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  // Masked with zeros, which is allowed where no proxy can be harmed.
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** Resolves when a text arrives. */
function awaited(client: Client, text: string): Promise<void> {
  return new Promise((resolve) => {
    let seen = '';
    client.heard = (chunk) => {
      seen += chunk;
      if (!seen.includes(text)) return;
      client.heard = noteNews;
      resolve();
    };
  });
}

function noteNews(chunk: string): void {
  const now = performance.timeOrigin + performance.now();
  for (const [, n] of chunk.matchAll(NEWS)) arrivals.push([Number(n), now]);
}

async function open(port: number, token: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const client: Client = { socket, heard: noteNews };
  socket.on('data', (data) => client.heard(data.toString('latin1')));
  socket.on('error', (error) => {
    throw error;
  });
  const welcomed = awaited(client, '"welcome"');
  const headers = [
    'GET /ws/connect HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    `Authorization: Bearer ${token}`,
  ];
  socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  await welcomed;
  clients.push(client);
}

async function watch(client: Client): Promise<void> {
  const watched = awaited(client, '"inbox-watched"');
  client.socket.write(frame('{"type":"watch-inbox"}'));
  await watched;
}

async function concurrently<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const next = async (): Promise<void> => {
    for (const item of waiting) await action(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function perform(order: WatchOrder): Promise<WatchReply> {
  switch (order.type) {
    case 'open': {
      const tokens = new Tokens(order.secret);
      const tokenOf = (id: number): string => tokens.sign({ id, username: `user${id}` });
      await concurrently(order.userIds, (id) => open(order.port, tokenOf(id)));
      return [];
    }
    case 'watch':
      await concurrently(clients.slice(order.from, order.to), watch);
      return [];
    case 'arrivals':
      return arrivals.splice(0);
  }
}

process.on('message', (order: WatchOrder) => {
  perform(order).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  for (const { socket } of clients) socket.destroy();
  process.exit();
});
