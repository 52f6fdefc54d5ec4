import { fileURLToPath } from 'node:url';

/** The page that documents every setting. */
export const CONFIGURATION = fileURLToPath(new URL('../../docs/reference/configuration.md', import.meta.url));

const TABLE = /(?<=<!-- settings -->\n)[\s\S]*(?=\n<!-- \/settings -->)/;

export function tableOf(page: string): string | undefined {
  return TABLE.exec(page)?.[0];
}

export function replaceTable(page: string, table: string): string {
  return page.replace(TABLE, table);
}
