import { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { pathOf } from './options.js';
import { readAll } from './pages.js';
import { table } from './table.js';

export const banSchema = z.object({
  userId: z.number(),
  roomId: z.number().nullable(),
  until: z.string().nullable(),
  reason: z.string().nullable(),
  createdAt: z.string(),
});

interface CreateOptions {
  readonly room?: string;
  readonly until?: string;
  readonly reason?: string;
}

/** `chorus bans`: users who are banned from everything or from a room. */
export function bansCommand(context: CliContext): Command {
  const bans = new Command('bans').description('users who are banned from everything or from a room');
  bans
    .command('list')
    .description('list all bans that have not ended, the oldest first')
    .option('--user <id>', 'only bans of this user')
    .option('--room <id>', 'only bans from this room')
    .action(async ({ user, room }: { readonly user?: string; readonly room?: string }) => {
      const found = (await readAll(context, '/bans', 'bans', banSchema)).filter(
        ({ userId, roomId }) =>
          (user === undefined || String(userId) === user) && (room === undefined || String(roomId) === room),
      );
      context.print(found, () => banRows(found));
    });
  bans
    .command('create')
    .description('ban a user and close the sockets concerned; a ban of the same user and room is replaced')
    .argument('<user>', 'id of the user')
    .option('--room <id>', 'room from which the user is banned; default: from everything')
    .option('--until <time>', 'when the ban ends, such as 2030-01-31T12:00:00Z; default: never')
    .option('--reason <text>', 'note for other operators')
    .action(async (user: string, { room, until, reason }: CreateOptions) => {
      const body = { roomId: room, until, reason };
      const ban = await context.send(banSchema, 'PUT', `${pathOf('users', user)}/ban`, body);
      context.print(ban, () => `banned user ${user} from ${placeOf(room)}`);
    });
  bans
    .command('delete')
    .description('lift a ban: that from everything, or that from one room')
    .argument('<user>', 'id of the user')
    .option('--room <id>', 'lift the ban from this room; default: the ban from everything')
    .action(async (user: string, { room }: { readonly room?: string }) => {
      const query = room === undefined ? '' : `?${new URLSearchParams({ roomId: room })}`;
      await context.send(z.undefined(), 'DELETE', `${pathOf('users', user)}/ban${query}`);
      const result = { userId: user, roomId: room ?? null, deleted: true };
      context.print(result, () => `lifted the ban of user ${user} from ${placeOf(room)}`);
    });
  return bans;
}

/** Returns bans as a table. */
export function banRows(bans: ReadonlyArray<z.infer<typeof banSchema>>): string {
  return table(
    ['User', 'Banned from', 'Until', 'Reason', 'Since'],
    bans.map(({ userId, roomId, until, reason, createdAt }) => [
      ...[String(userId), placeOf(roomId ?? undefined), until ?? 'for good', reason ?? '', createdAt],
    ]),
  );
}

function placeOf(room: string | number | undefined): string {
  return room === undefined ? 'everything' : `room ${room}`;
}
