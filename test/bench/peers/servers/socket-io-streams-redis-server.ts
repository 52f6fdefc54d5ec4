import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { startSocketIo } from './socket-io-server.js';

/*
 * Socket.IO with its adapter for Redis streams and connection state recovery: one stream for all rooms, from which a
 * client that reconnects within two minutes is sent what it missed.
 */

const [redisUrl = ''] = process.argv.slice(2);

await startSocketIo({
  adapter: createAdapter(new Redis(redisUrl, { enableAutoPipelining: true }), {
    // Avoids a search for binary data in each message.
    onlyPlaintext: true,
  }),
  connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
});
