import type { RouteTable } from '../http/route-table.js';
import { listEvents } from './list-events.js';
import type { EventServices } from './read-events.js';

export const eventRoutes: RouteTable<EventServices> = { 'GET /api/events': listEvents };
