import { readFileSync } from 'node:fs';

/** One file of the page, as it is served. */
export interface PageFile {
  /** `/` is the page itself. */
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

const STATIC: ReadonlyArray<readonly [path: string, file: string, type: string]> = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/page/sections.css', 'sections.css', 'text/css; charset=utf-8'],
  ['/page/icon.svg', 'icon.svg', 'image/svg+xml; charset=utf-8'],
];

/** The compiled modules that run in the browser, one per file. */
const MODULES = [
  'audit/audit-section',
  'cluster/actions',
  'cluster/node-row',
  'cluster/node-table',
  'cluster/rates',
  'cluster/roll-call',
  'cluster/room-table',
  'cluster/sparkline',
  'cluster/totals',
  'create-operator-page',
  'keys/create-key',
  'keys/key',
  'keys/key-section',
  'main',
  'shared/confirmation',
  'shared/dom',
  'shared/fields',
  'shared/form-dialog',
  'shared/format',
  'shared/notices',
  'shared/operator-client',
  'shared/paged-list',
  'shared/poll',
  'shared/sections',
  'shared/session',
  'shared/show-secret',
  'shared/table',
  'shared/token-form',
  'webhooks/deliveries',
  'webhooks/webhook',
  'webhooks/webhook-forms',
  'webhooks/webhook-section',
];

/** Returns every file of the page. The page loads nothing else. */
export function pageFiles(): PageFile[] {
  return [
    ...STATIC.map(([path, file, type]) => ({ path, type, body: read(`../static/${file}`) })),
    ...MODULES.map((name) => ({
      path: `/page/${name}.js`,
      type: 'text/javascript; charset=utf-8',
      body: read(`../dist/browser/${name}.js`),
    })),
  ];
}

/** The path is valid from the source and from the compiled file. */
function read(path: string): Buffer {
  return readFileSync(new URL(path, import.meta.url));
}
