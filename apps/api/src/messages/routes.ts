import type { RouteTable } from '../http/route-table.js';
import { appendToMessage } from './changes/append-to-message.js';
import { deleteMessage } from './changes/delete-message.js';
import { editMessage } from './changes/edit-message.js';
import { setReaction } from './changes/set-reaction.js';
import { takeBackReaction } from './changes/take-back-reaction.js';
import type { MessageServices } from './dependencies.js';
import { listMessages } from './history/list-messages.js';
import { listReports } from './reports/list-reports.js';
import { reportMessage } from './reports/report-message.js';
import { sendBatch } from './sending/send-batch.js';
import { sendMessage } from './sending/send-message.js';

export const messageRoutes: RouteTable<MessageServices> = {
  'GET /api/rooms/:roomId/messages': listMessages,
  'POST /api/rooms/:roomId/messages': sendMessage,
  'POST /api/messages/batch': sendBatch,
  'PATCH /api/rooms/:roomId/messages/:position': editMessage,
  'DELETE /api/rooms/:roomId/messages/:position': deleteMessage,
  'POST /api/rooms/:roomId/messages/:position/append': appendToMessage,
  'PUT /api/rooms/:roomId/messages/:position/reactions/:reaction': setReaction,
  'DELETE /api/rooms/:roomId/messages/:position/reactions/:reaction': takeBackReaction,
  'POST /api/rooms/:roomId/messages/:position/report': reportMessage,
  'GET /api/rooms/:roomId/reports': listReports,
};
