import { createServer } from 'node:http';
import { Server, type ServerOptions } from 'socket.io';
import { chatMessage } from './chat-frame.js';
import { serveUntilStopped } from './serve-until-stopped.js';

/*
 * The chat of a Socket.IO server, the same over every adapter: who connects names a room, and what a member says goes
 * to the room. Tuned as the pages "performance tuning" and "memory usage" of its documentation advise, as far as that
 * applies: WebSocket alone, so no polling and no upgrade between the two; no compression; the request that a
 * connection began with is dropped. Binary data, for which another parser would pay, is not sent.
 */

/** What a client says when it connects. */
interface Auth {
  readonly room?: unknown;
}

/** @param options the adapter, and what goes with it */
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
    // One that was recovered has its rooms already.
    if (!socket.recovered) void socket.join(room);
    socket.on('message', (content: string) => {
      io.to(room).emit('message', chatMessage(roomId, content));
    });
  });
  http.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  await serveUntilStopped(http);
}
