import { Command } from 'commander';
import { z } from 'zod';
import { banRows, banSchema } from './bans.js';
import type { CliContext } from './cli-context.js';
import { addDeleteCommand } from './delete-command.js';
import { pathOf } from './options.js';
import { readAll } from './pages.js';
import { details, table } from './table.js';

const userSchema = z.object({
  id: z.number(),
  username: z.string(),
  kind: z.string(),
  createdAt: z.string(),
});
const accountSchema = userSchema.extend({ email: z.string() });
const linkSchema = z.object({
  userId: z.number(),
  token: z.string(),
  path: z.string(),
  expiresAt: z.string(),
});
const shownSchema = accountSchema.extend({ bans: z.array(banSchema) });

/** `chorus users`: persons and bots. */
export function usersCommand(context: CliContext): Command {
  const users = new Command('users').description('persons and bots');
  users
    .command('list')
    .description('list all users by id')
    .option('--search <text>', 'only users whose names begin with this text')
    .action(async ({ search }: { readonly search?: string }) => {
      const query: Record<string, string> = search === undefined ? {} : { search };
      const found = await readAll(context, '/users', 'users', accountSchema, query);
      context.print(found, () => table(['Id', 'Name', 'Kind', 'E-mail', 'Created'], found.map(row)));
    });
  users
    .command('show')
    .description('show a user, with bans that have not ended')
    .argument('<id>', 'id of the user')
    .action(async (id: string) => {
      const user = await context.send(shownSchema, 'GET', pathOf('users', id));
      context.print(user, () => {
        const [userId, name, kind, email, created] = row(user);
        const shown = details({ Id: userId, Name: name, Kind: kind, 'E-mail': email, Created: created });
        return user.bans.length === 0 ? shown : `${shown}\n\n${banRows(user.bans)}`;
      });
    });
  users
    .command('create')
    .description('create a user without a password, and print the id: only API keys act as the user')
    .requiredOption('--name <name>', 'name of the user')
    .option('--bot', 'a bot, which acts with API keys of its own: see `chorus keys create --bot`', false)
    .action(async ({ name, bot }: { readonly name: string; readonly bot: boolean }) => {
      const body = { username: name, kind: bot ? 'bot' : 'person' };
      const created = await context.send(userSchema, 'POST', '/users', body);
      context.print(created, () => String(created.id));
    });
  users
    .command('change')
    .description('rename a user; messages keep the name under which they were sent')
    .argument('<id>', 'id of the user')
    .requiredOption('--name <name>', 'new name')
    .action(async (id: string, { name }: { readonly name: string }) => {
      const user = await context.send(userSchema, 'PATCH', pathOf('users', id), { username: name });
      context.print(user, () => `changed ${id}`);
    });
  users
    .command('reset-link')
    .description(
      'print a link by which a user chooses a new password: it is valid for an hour and can be used once',
    )
    .argument('<id>', 'id of the user')
    .option(
      '--url <url>',
      'URL at which users reach Chorus; without it only the path of the link is printed',
      '',
    )
    .action(async (id: string, { url }: { readonly url: string }) => {
      const link = await context.send(linkSchema, 'POST', `${pathOf('users', id)}/reset-link`);
      context.print(link, () => `${url.replace(/\/+$/, '')}${link.path}`);
    });
  addDeleteCommand(users, context, {
    list: 'users',
    object: 'user',
    description: 'delete a user for good: sessions, keys of a bot and memberships end, messages stay',
  });
  return users;
}

function row({ id, username, kind, email, createdAt }: z.infer<typeof accountSchema>): string[] {
  return [String(id), username, kind, email, createdAt];
}
