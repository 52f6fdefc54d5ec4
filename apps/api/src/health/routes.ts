import type { RouteTable } from '../http/route-table.js';
import { live } from './live.js';
import { type HealthServices, ready } from './ready.js';

export const healthRoutes: RouteTable<HealthServices> = {
  'GET /livez': live,
  'GET /readyz': ready,
};
