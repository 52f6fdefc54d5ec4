import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { startSocketIo } from './socket-io-server.js';

/* Socket.IO with its adapter for Redis pub/sub. Delivers to its own clients first, then publishes. */

const [redisUrl = ''] = process.argv.slice(2);
const commands = new Redis(redisUrl, { enableAutoPipelining: true });

await startSocketIo({
  adapter: createAdapter(commands, commands.duplicate(), { publishOnSpecificResponseChannel: true }),
});
