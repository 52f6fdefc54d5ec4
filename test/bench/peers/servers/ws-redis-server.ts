import { once } from 'node:events';
import { Redis } from 'ioredis';
import { type WebSocket, WebSocketServer } from 'ws';
import { chatMessage } from './chat-frame.js';
import { serveUntilStopped } from './serve-until-stopped.js';

/*
 * A typical hand-written server: `ws` and a Redis channel per room. Every message is published and returns through
 * Redis, so that all nodes have one order, and is serialised once; the path of the upgrade names the room. As the
 * library advises: no compression, and no second check of UTF-8.
 */

const [redisUrl = ''] = process.argv.slice(2);
const commands = new Redis(redisUrl, { enableAutoPipelining: true });
const subscriber = new Redis(redisUrl);
// Subscribing before the connection is ready occasionally fails.
await Promise.all([commands, subscriber].map((redis) => once(redis, 'ready')));
const rooms = new Map<string, Set<WebSocket>>();

subscriber.on('messageBuffer', (channel: Buffer, frame: Buffer) => {
  for (const socket of rooms.get(channel.toString()) ?? []) socket.send(frame, { binary: false });
});

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  // Many clients connect at once.
  backlog: 4_096,
  perMessageDeflate: false,
  skipUTF8Validation: true,
  clientTracking: false,
});

server.on('connection', (socket, request) => {
  const path = request.url ?? '';
  const roomId = Number(path.slice(path.lastIndexOf('/') + 1));
  const room = `room:${roomId}`;
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(socket));
  if (members.size === 1) void subscriber.subscribe(room);
  socket.on('message', (content) => {
    void commands.publish(room, JSON.stringify(chatMessage(roomId, String(content))));
  });
  socket.on('close', () => {
    members.delete(socket);
    if (members.size > 0) return;
    rooms.delete(room);
    void subscriber.unsubscribe(room);
  });
  // A cut connection emits an error before its close.
  socket.on('error', () => undefined);
});

await serveUntilStopped(server);
