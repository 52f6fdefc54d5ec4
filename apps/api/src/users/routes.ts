import type { AuthServices } from '../auth/dependencies.js';
import type { RouteTable } from '../http/route-table.js';
import { createToken } from '../keys/create-token.js';
import { changeUser } from './change-user.js';
import { createUser } from './create-user.js';
import { deleteUser } from './delete-user.js';
import { getUser } from './get-user.js';
import type { UserServices } from './service.js';

/** Routes for API keys alone. */
export const keyRoutes: RouteTable<AuthServices & UserServices> = {
  'POST /api/keys/token': createToken,
  'POST /api/users': createUser,
  'GET /api/users/:userId': getUser,
  'PATCH /api/users/:userId': changeUser,
  'DELETE /api/users/:userId': deleteUser,
};
