import { resetPage } from '../auth/reset/reset-page.js';
import type { ApiConfig } from '../config.js';
import { docsPage } from '../document/docs-page.js';
import type { Step } from '../http/context.js';
import { tokenOrigins } from '../identities/issuers.js';
import { serveDocs } from './serve-docs.js';
import { servePage } from './serve-page.js';

/**
 * Returns the steps that serve pages on the port of users.
 * @throws {ConfigError} the folder of the chat page or of the documentation contains no page
 */
export function pagesOf({ docsDir, webDir, issuers }: ApiConfig): Step[] {
  return [
    docsPage(),
    resetPage(),
    ...(docsDir === undefined ? [] : [serveDocs(docsDir)]),
    ...(webDir === undefined ? [] : [servePage(webDir, tokenOrigins(issuers))]),
  ];
}
