import { once } from 'node:events';
import { messageEncoder, openFrame, SUBPROTOCOL } from '@chorus/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

/*
 * The server process of `bench:client`: welcomes each socket as a gateway does, and answers a `join` with a number of
 * messages of a given length, as fast as they are read.
 */

/** Limit on bytes that wait to be written. */
const MOST_QUEUED = 1 << 20;

const [messages = 0, characters = 0] = process.argv.slice(2).map(Number);
const encode = messageEncoder(1, { id: 2, username: 'somebody' });
const body = encode({
  content: 'x'.repeat(characters),
  id: 'gateway-1-mws3pfhy-0',
  sentAt: Date.now(),
  clientMsgId: 'b7f1c9e2-0001',
});
const limits = { maxFrameBytes: 16_384, maxMessagesPerSecond: 50, maxRooms: 100, idleTimeoutSeconds: 60 };

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => SUBPROTOCOL });
server.on('connection', (socket) => {
  const user = { id: 1, username: 'reader' };
  socket.send(JSON.stringify({ type: 'welcome', connectionId: 'c-1', user, expiresAt: null, limits }));
  socket.on('message', (data) => {
    if (JSON.parse(String(data)).type === 'join') void feed(socket);
  });
});
await once(server, 'listening');
const address = server.address();
process.send?.(typeof address === 'object' ? address?.port : undefined);
process.once('disconnect', () => process.exit());

async function feed(socket: WebSocket): Promise<void> {
  const start = { epoch: 1, seq: 0 };
  socket.send(JSON.stringify({ type: 'room-joined', roomId: 1, ...start, recovered: false, stored: start }));
  for (let seq = 1; seq <= messages; seq++) {
    socket.send(openFrame({ epoch: 1, seq }) + body);
    while (socket.bufferedAmount > MOST_QUEUED) await new Promise((resolve) => setImmediate(resolve));
  }
}
