import { join } from 'node:path';
import { openapi } from '@chorus/api';
import { root } from '../support/root.js';

/** The document of the HTTP API, as the API serves it at `/openapi.json`. */
export const OPENAPI = join(root, 'docs/reference/openapi.json');

/** The same as the file holds it. */
export function openapiText(): string {
  return `${JSON.stringify(openapi(), null, 2)}\n`;
}
