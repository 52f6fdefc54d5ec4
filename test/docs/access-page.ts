import { join } from 'node:path';
import { ACCESS, accessTo, ROLES_OR_NONE, ROOM_ACTIONS, ROOM_KINDS } from '@chorus/protocol';
import { root } from '../support/root.js';

/** The page about rooms, roles and access, with the table in the middle. */
export const ACCESS_PAGE = join(root, 'docs/reference/access.md');

const TABLES = /(?<=<!-- access -->\n)[\s\S]*(?=\n<!-- \/access -->)/;

export function accessTablesOf(page: string): string | undefined {
  return TABLES.exec(page)?.[0];
}

export function replaceAccessTables(page: string, text: string): string {
  return page.replace(TABLES, () => text);
}

/** One table for each kind of room. */
export function accessTables(): string {
  return ROOM_KINDS.map((kind) => {
    // A direct room has no other roles.
    const standings = kind === 'direct' ? (['none', 'member'] as const) : ROLES_OR_NONE;
    const rows = ROOM_ACTIONS.map((action) => {
      const cells = standings.map((standing) => accessTo(action, kind, standing));
      return `| ${ACCESS[action].does} | ${cells.join(' | ')} |`;
    });
    return [
      `### ${kind[0]?.toUpperCase()}${kind.slice(1)} rooms`,
      '',
      `| Action | ${standings.join(' | ')} |`,
      `|---|${'---|'.repeat(standings.length)}`,
      ...rows,
    ].join('\n');
  }).join('\n\n');
}
