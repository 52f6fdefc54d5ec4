import { operation } from '../../http/operation.js';
import { roomPath } from '../../rooms/inputs.js';
import { UNKNOWN_ROOM } from '../../rooms/json.js';
import type { MessageServices } from '../dependencies.js';
import { listReportsInput } from '../inputs.js';
import { reportForUser, reportPageJson } from './json.js';

export const listReports = operation(
  {
    id: 'listReports',
    summary: 'List reported messages of a room, page by page',
    description: 'For moderators and owners.',
    access: 'rooms',
    scope: 'history:read',
    params: roomPath,
    query: listReportsInput,
    answer: { status: 200, description: 'A page of reports.', body: reportPageJson },
    errors: { ...UNKNOWN_ROOM, 403: 'The user is not a moderator or owner, or is banned.' },
  },
  (services: MessageServices) =>
    async (ctx, { params: { roomId }, query: { cursor, limit } }) => {
      const room = await services.rooms.get(ctx.state, roomId, 'readReports');
      const found = await services.reports.list(room, cursor, limit + 1);
      const reports = found.slice(0, limit).map(reportForUser);
      return { reports, nextCursor: found.length > limit ? (reports.at(-1)?.id ?? null) : null };
    },
);
