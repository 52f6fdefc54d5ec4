import type { RouteTable } from '../http/route-table.js';
import type { MessageServices } from '../messages/dependencies.js';
import type { InboxServices } from './dependencies.js';
import { listInbox } from './list-inbox.js';
import { markRead } from './mark-read.js';

export const inboxRoutes: RouteTable<InboxServices & Pick<MessageServices, 'messages'>> = {
  'GET /api/inbox': listInbox,
  'PUT /api/rooms/:roomId/read': markRead,
};
