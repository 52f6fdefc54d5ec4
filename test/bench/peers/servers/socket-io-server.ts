import { createServer } from 'node:http';
import { Server, type ServerOptions } from 'socket.io';
import { chatMessage } from './chat-frame.js';
import { serveUntilStopped } from './serve-until-stopped.js';

/*
 * A chat server on Socket.IO, with any adapter: a client names a room when it connects, and its messages go to that
 * room. Tuned as the pages "performance tuning" and "memory usage" of its documentation advise, as far as that
 * applies: WebSocket alone, so no polling and no upgrade between the two; no compression; the request that a
 * connection began with is dropped. It sends no binary data, for which another parser would pay.
 */

/** What a client sends when it connects. */
interface Auth {
  readonly room?: unknown;
}

/** @param options the adapter and its options */
export async function startSocketIo(options: Partial<ServerOptions>): Promise<void> {
  const http = createServer();
  const io = new Server(http, {
    transports: ['websocket'],
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    ...options,
  });
  io.engine.on('connection', (connection: { request: unknown }) => {
    connection.request = null;
  });
  io.on('connection', (socket) => {
    const roomId = Number((socket.handshake.auth as Auth).room);
    const room = `room:${roomId}`;
    // A recovered socket has its rooms already.
    if (!socket.recovered) void socket.join(room);
    socket.on('message', (content: string) => {
      io.to(room).emit('message', chatMessage(roomId, content));
    });
  });
  http.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  await serveUntilStopped(http);
}
