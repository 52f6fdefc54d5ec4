export * from './database.js';
export * from './errors.js';
export type { Message, Room, User } from './generated/client.js';
export * from './migrate.js';
export * from './settings.js';
