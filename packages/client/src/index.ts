export type { Position } from '@chorus/protocol/constants';
export { formatPosition, isAfter, parsePosition } from '@chorus/protocol/constants';
export { ChorusClient, type ClientEvents } from './chorus-client.js';
export {
  ChorusError,
  type ChorusErrorCode,
  type ChorusErrorDetails,
  type ClientErrorCode,
} from './chorus-error.js';
export type * from './http/api-types.js';
export * from './http/chorus-api.js';
export * from './http/inbox.js';
export * from './http/invites.js';
export * from './http/members.js';
export * from './http/reports.js';
export * from './http/users.js';
export type { InboxEntry } from './inbox/entry.js';
export * from './inbox/inbox.js';
export type * from './inbox/inbox-options.js';
export * from './messages/apply-change.js';
export * from './messages/message-list.js';
export * from './operations/operations.js';
export * from './operations/send-stream.js';
export type * from './options.js';
export * from './receipts/receipts.js';
export type * from './room/room.js';
export type * from './types.js';
