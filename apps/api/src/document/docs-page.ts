import { createRequire } from 'node:module';
import type { Step } from '../http/context.js';
import { pagePolicy } from '../http/page-policy.js';
import { CSS, HTML, JAVASCRIPT, type StaticFile, staticPage } from '../page/static-page.js';

/** The library's style sheet has its images as `data:` URLs; a policy does not apply to styles set by scripts. */
const CONTENT_SECURITY_POLICY = pagePolicy({ 'img-src': "'self' data:" });

const ours = (file: string): URL => new URL(`../../static/document-page/${file}`, import.meta.url);
const { resolve } = createRequire(import.meta.url);

const FILES: ReadonlyMap<string, StaticFile> = new Map([
  ['/api/docs', { file: ours('index.html'), type: HTML }],
  ['/api/docs/page.css', { file: ours('page.css'), type: CSS }],
  ['/api/docs/page.js', { file: ours('page.js'), type: JAVASCRIPT }],
  ['/api/docs/swagger-ui.css', { file: resolve('swagger-ui-dist/swagger-ui.css'), type: CSS }],
  [
    '/api/docs/swagger-ui-bundle.js',
    { file: resolve('swagger-ui-dist/swagger-ui-bundle.js'), type: JAVASCRIPT },
  ],
]);

/** Serves `/api/docs`, the page that shows `/openapi.json`. */
export function docsPage(): Step {
  return staticPage(FILES, CONTENT_SECURITY_POLICY);
}
