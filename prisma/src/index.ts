export { rowReader } from './adapter/column-types.js';
export type { RowReader } from './adapter/prepared-query.js';
export * from './adapter/prepared-statements.js';
export type { DatabaseOptions } from './adapter/session-pool.js';
export * from './database.js';
export * from './database-watch.js';
export * from './errors.js';
export * from './events/event-feed.js';
export * from './events/event-log.js';
export * from './events/event-types.js';
export * from './events/record-events.js';
export {
  type Ban,
  type Message,
  Prisma,
  type Room,
  type User,
  type Webhook,
  type WebhookLane,
} from './generated/client.js';
export * from './messages/archived-message.js';
export * from './messages/message-row.js';
export * from './migrations/migrate.js';
export * from './settings.js';
export * from './url/database-url.js';
