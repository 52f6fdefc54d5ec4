export * from './database.js';
export * from './database-url.js';
export * from './database-watch.js';
export * from './errors.js';
export { type Ban, type Message, Prisma, type Room, type User } from './generated/client.js';
export * from './migrate.js';
export * from './prepared-statements.js';
export * from './settings.js';
