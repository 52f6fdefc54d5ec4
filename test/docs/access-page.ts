import { join } from 'node:path';
import { openapi } from '@chorus/api';
import {
  ACCESS,
  accessTo,
  KEY_SCOPES,
  keyAccessTo,
  ROLES_OR_NONE,
  ROOM_ACTIONS,
  ROOM_KINDS,
} from '@chorus/protocol';
import { root } from '../support/root.js';

/** The page about rooms, roles and access, with the table in the middle. */
export const ACCESS_PAGE = join(root, 'docs/reference/access.md');

const TABLES = /(?<=<!-- access -->\n)[\s\S]*(?=\n<!-- \/access -->)/;
const PROGRAMS = /(?<=<!-- programs -->\n)[\s\S]*(?=\n<!-- \/programs -->)/;
const SCOPES = /(?<=<!-- scopes -->\n)[\s\S]*(?=\n<!-- \/scopes -->)/;

export function accessTablesOf(page: string): string | undefined {
  return TABLES.exec(page)?.[0];
}

export function replaceAccessTables(page: string, text: string): string {
  return page.replace(TABLES, () => text);
}

export function scopesTableOf(page: string): string | undefined {
  return SCOPES.exec(page)?.[0];
}

export function replaceScopesTable(page: string, text: string): string {
  return page.replace(SCOPES, () => text);
}

export function programsTableOf(page: string): string | undefined {
  return PROGRAMS.exec(page)?.[0];
}

export function replaceProgramsTable(page: string, text: string): string {
  return page.replace(PROGRAMS, () => text);
}

/** The routes that only API keys may use. */
export function programsTable(): string {
  const paths = openapi().paths as Record<string, Record<string, { summary: string; security: object[] }>>;
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { summary, security }]) => {
      const scopes = security.map((one) => Object.entries(one));
      if (scopes.length !== 1 || scopes[0]?.[0]?.[0] !== 'apiKey') return [];
      const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
      return [`| \`${route}\` | ${summary} | \`${scopes[0][0][1]}\` |`];
    }),
  );
  return ['| Route | What it does | Scope |', '|---|---|---|', ...rows].join('\n');
}

/** What each scope of API keys allows. */
export function scopesTable(): string {
  const rows = Object.entries(KEY_SCOPES).map(([scope, allows]) => `| \`${scope}\` | ${allows} |`);
  return ['| Scope | Allows to |', '|---|---|', ...rows].join('\n');
}

/** One table for each kind of room. */
export function accessTables(): string {
  return ROOM_KINDS.map((kind) => {
    // A direct room has no other roles.
    const standings = kind === 'direct' ? (['none', 'member'] as const) : ROLES_OR_NONE;
    const rows = ROOM_ACTIONS.map((action) => {
      const cells = standings.map((standing) => accessTo(action, kind, standing));
      const { does, scope } = ACCESS[action];
      const alone = keyAccessTo(action, kind, new Set([scope]));
      return `| ${does} | ${cells.join(' | ')} | \`${scope}\` | ${alone} |`;
    });
    return [
      `### ${kind[0]?.toUpperCase()}${kind.slice(1)} rooms`,
      '',
      `| Action | ${standings.join(' | ')} | scope | key |`,
      `|---|${'---|'.repeat(standings.length + 2)}`,
      ...rows,
    ].join('\n');
  }).join('\n\n');
}
