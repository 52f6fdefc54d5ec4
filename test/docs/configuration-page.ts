import { join } from 'node:path';
import { root } from '../support/root.js';

/** The page that documents every setting. */
export const CONFIGURATION = join(root, 'docs/reference/configuration.md');

const TABLE = /(?<=<!-- settings -->\n)[\s\S]*(?=\n<!-- \/settings -->)/;

export function tableOf(page: string): string | undefined {
  return TABLE.exec(page)?.[0];
}

export function replaceTable(page: string, table: string): string {
  return page.replace(TABLE, table);
}
