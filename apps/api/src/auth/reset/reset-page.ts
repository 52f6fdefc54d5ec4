import type { Step } from '../../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../../http/page-policy.js';
import { CSS, HTML, JAVASCRIPT, type StaticFile, staticPage } from '../../page/static-page.js';

const PATH = '/api/reset-password';

const ours = (file: string): URL => new URL(`../../../static/reset-page/${file}`, import.meta.url);

const FILES: ReadonlyMap<string, StaticFile> = new Map([
  [PATH, { file: ours('index.html'), type: HTML }],
  [`${PATH}/page.css`, { file: ours('page.css'), type: CSS }],
  [`${PATH}/page.js`, { file: ours('page.js'), type: JAVASCRIPT }],
]);

/** Serves `/api/reset-password`, the page to which reset links lead. */
export function resetPage(): Step {
  return staticPage(FILES, pagePolicy({ ...TRUSTED_TYPES, 'img-src': 'data:' }));
}

/** Returns the path of the page for a reset link. The token is in the fragment, which reaches neither servers nor their logs. */
export function resetPath(token: string): string {
  return `${PATH}#${token}`;
}
