import type { RouteTable } from '../http/route-table.js';
import { type DocumentServices, getDocument } from './get-document.js';

export const documentRoutes: RouteTable<DocumentServices> = {
  'GET /openapi.json': getDocument,
};
