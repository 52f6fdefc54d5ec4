import type { AuthServices } from '../auth/dependencies.js';
import type { RouteTable } from '../http/route-table.js';
import { createToken } from '../keys/create-token.js';
import { createUser } from './create-user.js';

/** Routes for API keys alone. */
export const keyRoutes: RouteTable<AuthServices> = {
  'POST /api/keys/token': createToken,
  'POST /api/users': createUser,
};
