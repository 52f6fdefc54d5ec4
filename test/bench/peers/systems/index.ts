import { chorusSystem } from './chorus-system.js';
import { peerSystem } from './peer-system.js';
import type { System } from './system.js';

/** Name of the system that all others are compared with. */
export const FLOOR = 'floor';

/** In the order of their turns. */
export const SYSTEMS: readonly System[] = [
  peerSystem({
    name: FLOOR,
    title: 'bare uWebSockets.js + ioredis',
    server: 'peers/servers/redis-relay-server',
    dialect: 'peers/dialects/plain',
  }),
  chorusSystem('plain', 'chorus', 'Chorus, plain sockets'),
  chorusSystem('chorus.v1', 'chorus.v1', 'Chorus, chorus.v1 with acks'),
  peerSystem({
    name: 'ws',
    title: 'ws + ioredis',
    server: 'peers/servers/ws-redis-server',
    dialect: 'peers/dialects/plain',
  }),
  peerSystem({
    name: 'socket.io',
    title: 'Socket.IO 4 + Redis adapter',
    server: 'peers/servers/socket-io-redis-server',
    dialect: 'peers/dialects/socket-io',
  }),
  peerSystem({
    name: 'socket.io-streams',
    title: 'Socket.IO 4 + streams adapter, recovery',
    recovers: true,
    server: 'peers/servers/socket-io-streams-redis-server',
    dialect: 'peers/dialects/socket-io',
  }),
];
