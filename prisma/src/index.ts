export * from './adapter/prepared-statements.js';
export * from './database.js';
export * from './database-watch.js';
export * from './errors.js';
export { type Ban, type Message, Prisma, type Room, type User } from './generated/client.js';
export * from './messages/message-row.js';
export * from './migrations/migrate.js';
export * from './settings.js';
export * from './url/database-url.js';
