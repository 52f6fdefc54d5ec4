import type { RouteTable } from '../http/route-table.js';
import { listMessages, type MessageServices } from './list-messages.js';

export const messageRoutes: RouteTable<MessageServices> = {
  'GET /api/rooms/:roomId/messages': listMessages,
};
