import { apiSettings, storeSettings } from '@chorus/api';
import { archiverSettings } from '@chorus/archiver';
import { databaseUrlSettings } from '@chorus/database';
import { dispatcherSettings } from '@chorus/dispatcher';
import { gatewaySettings } from '@chorus/gateway';
import type { Settings } from '@chorus/service';
import { standaloneSettings } from '@chorus/standalone';
import { z } from 'zod';

/** Which program reads which variables. */
const PROGRAMS: Readonly<Record<string, Settings>> = {
  api: { ...apiSettings, ...storeSettings },
  archiver: archiverSettings,
  dispatcher: dispatcherSettings,
  gateway: gatewaySettings,
  migrate: databaseUrlSettings,
  standalone: standaloneSettings,
};

/** Defaults that differ from machine to machine are described in words, by their variable. */
const COMPUTED = new Set(['DATA_DIR', 'BCRYPT_CONCURRENCY']);

/** Every environment variable as a Markdown table, from the schemas that check them at start. */
export function settingsTable(): string {
  const names = new Set(Object.values(PROGRAMS).flatMap((settings) => Object.keys(settings)));
  const rows = [...names].sort().map(settingRow);
  return ['| Variable | Read by | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function settingRow(name: string): string {
  const readers = Object.entries(PROGRAMS).flatMap(([program, settings]) => {
    const schema = settings[name];
    return schema === undefined ? [] : [{ program, ...describeSetting(name, schema) }];
  });
  const defaults = new Set(readers.map((reader) => reader.default));
  const shownDefault =
    defaults.size === 1
      ? readers[0]?.default
      : readers.map((reader) => `${reader.program}: ${reader.default}`).join(', ');
  const meanings = [...new Set(readers.map((reader) => reader.meaning))].join(' ');
  const allowed = readers[0]?.allowed;
  const meaning = allowed === undefined ? meanings : `${meanings} (${allowed})`;
  return `| \`${name}\` | ${readers.map((reader) => reader.program).join(', ')} | ${shownDefault} | ${meaning} |`;
}

interface Described {
  default: string;
  meaning: string;
  /** What the check at start says about a value that is not allowed; undefined when anything is. */
  allowed: string | undefined;
}

/** What is known of a setting from the schema that checks it at start. */
export function describeSetting(name: string, setting: Settings[string]): Described {
  const schema = setting as z.ZodType;
  const { description } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  if (description === undefined) throw new Error(`${name} has no description`);
  const unset = schema.safeParse(undefined);
  const complaint = schema.safeParse('\u0000').error?.issues[0]?.message;
  return {
    meaning: description,
    default: COMPUTED.has(name) ? 'see right' : unset.success ? shown(unset.data) : 'required',
    allowed: complaint?.replace(/^must be /, ''),
  };
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  return `\`${String(value)}\``;
}
