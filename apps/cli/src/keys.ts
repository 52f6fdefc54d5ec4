import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { listOption, numberOption, pathOf } from './options.js';
import { readAll } from './pages.js';
import { table } from './table.js';

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  botId: z.number().nullable(),
  messagesPerSecond: z.number().nullable(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});
const createdSchema = keySchema.extend({ key: z.string() });

type Key = z.infer<typeof keySchema>;

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly bot?: string;
  readonly messagesPerSecond?: number;
  readonly expires?: string;
}

/** `chorus keys`: API keys of applications and bots. */
export function keysCommand(context: CliContext): Command {
  const keys = new Command('keys').description('API keys of applications and bots');
  keys
    .command('create')
    .description('create an API key, and print it: it cannot be shown again')
    .requiredOption('--name <name>', 'what the key is for')
    .requiredOption(
      '--scopes <scopes>',
      `what the key may do, separated by commas: ${KEY_SCOPE_NAMES.join(', ')}`,
    )
    .option('--bot <id>', 'id of the bot that acts with the key')
    .option(
      '--messages-per-second <number>',
      'limit of the key on each API; default: that of the API',
      numberOption,
    )
    .option('--expires <time>', 'when the key ends, such as 2030-01-31T12:00:00Z; default: never')
    .action(async (options: CreateOptions) => {
      const created = await context.send(createdSchema, 'POST', '/keys', {
        name: options.name,
        scopes: listOption(options.scopes),
        ...{ botId: options.bot, messagesPerSecond: options.messagesPerSecond, expiresAt: options.expires },
      });
      context.print(created, () => created.key);
    });
  keys
    .command('list')
    .description('list all API keys, without their secrets')
    .action(async () => {
      const found = await readAll(context, '/keys', 'keys', keySchema);
      context.print(found, () =>
        table(['Id', 'Name', 'Scopes', 'Bot', 'State', 'Last used'], found.map(row)),
      );
    });
  keys
    .command('revoke')
    .description('revoke an API key for good, within a second everywhere')
    .argument('<id>', 'id of the key: the 12 characters after chk_')
    .action(async (id: string) => {
      await context.send(z.undefined(), 'DELETE', pathOf('keys', id));
      context.print({ id, revoked: true }, () => `revoked ${id}`);
    });
  return keys;
}

function row(key: Key): string[] {
  return [
    key.id,
    key.name,
    key.scopes.join(' '),
    String(key.botId ?? ''),
    stateOf(key),
    key.lastUsedAt ?? 'never',
  ];
}

function stateOf({ revokedAt, expiresAt }: Key): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  if (expiresAt === null) return 'valid';
  return Date.parse(expiresAt) > Date.now() ? `until ${expiresAt}` : `expired ${expiresAt}`;
}
