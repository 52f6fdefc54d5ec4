import { fileURLToPath } from 'node:url';
import { openapi } from '@chorus/api';

/** The document of the HTTP API, as the API serves it at `/openapi.json`. */
export const OPENAPI = fileURLToPath(new URL('../../docs/reference/openapi.json', import.meta.url));

/** The same as the file holds it. */
export function openapiText(): string {
  return `${JSON.stringify(openapi(), null, 2)}\n`;
}
