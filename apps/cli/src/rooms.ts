import { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { addDeleteCommand } from './delete-command.js';
import { numberOption, pathOf, someOf } from './options.js';
import { readAll } from './pages.js';
import { details, table } from './table.js';

const roomSchema = z.object({
  id: z.number(),
  name: z.string(),
  kind: z.string(),
  topic: z.string(),
  slowModeSeconds: z.number(),
  retentionDays: z.number().nullable(),
  createdBy: z.number().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

interface CreateOptions {
  readonly name: string;
  readonly private: boolean;
  readonly topic?: string;
  readonly id?: string;
}

interface ChangeOptions {
  readonly name?: string;
  readonly topic?: string;
  readonly slowMode?: number;
  readonly retentionDays?: number | 'none';
}

/** `chorus rooms`: rooms of all kinds. */
export function roomsCommand(context: CliContext): Command {
  const rooms = new Command('rooms').description('rooms of all kinds');
  rooms
    .command('list')
    .description('list all rooms by id')
    .action(async () => {
      const found = await readAll(context, '/rooms', 'rooms', roomSchema, { cursor: '0' });
      context.print(found, () =>
        table(
          ['Id', 'Name', 'Kind', 'Created by', 'Created'],
          found.map((room) => [
            ...[String(room.id), room.name, room.kind, String(room.createdBy ?? ''), room.createdAt],
          ]),
        ),
      );
    });
  rooms
    .command('show')
    .description('show a room')
    .argument('<id>', 'id of the room')
    .action(async (id: string) => {
      const room = await context.send(roomSchema, 'GET', pathOf('rooms', id));
      context.print(room, () =>
        details({
          ...{ Id: String(room.id), Name: room.name, Kind: room.kind, Topic: room.topic },
          'Slow mode': room.slowModeSeconds === 0 ? 'off' : `${room.slowModeSeconds} seconds`,
          Retention: room.retentionDays === null ? 'that of the server' : `${room.retentionDays} days`,
          'Created by': room.createdBy === null ? 'an application' : `user ${room.createdBy}`,
          ...{ Created: room.createdAt, Changed: room.updatedAt },
        }),
      );
    });
  rooms
    .command('create')
    .description('create a room without members, and print the id')
    .requiredOption('--name <name>', 'name of the room')
    .option('--private', 'a room that only members find; default: a public room', false)
    .option('--topic <text>', 'what the room is about')
    .option('--id <id>', 'id of the room; default: the next free one')
    .action(async (options: CreateOptions) => {
      const { name, topic, id } = options;
      const body = { name, kind: options.private ? 'private' : 'public', topic, id };
      const room = await context.send(roomSchema, 'POST', '/rooms', body);
      context.print(room, () => String(room.id));
    });
  rooms
    .command('change')
    .description('change a public or private room')
    .argument('<id>', 'id of the room')
    .option('--name <name>', 'new name')
    .option('--topic <text>', 'new topic; "" for none')
    .option('--slow-mode <seconds>', 'seconds between two messages of one user; 0 for none', numberOption)
    .option(
      '--retention-days <days>',
      'days for which messages are kept; "none" for no own limit',
      daysOption,
    )
    .action(async (id: string, { name, topic, slowMode, retentionDays }: ChangeOptions) => {
      const body = someOf(
        {
          ...{ name, topic, slowModeSeconds: slowMode },
          retentionDays: retentionDays === 'none' ? null : retentionDays,
        },
        '--name, --topic, --slow-mode or --retention-days',
      );
      const room = await context.send(roomSchema, 'PATCH', pathOf('rooms', id), body);
      context.print(room, () => `changed ${id}`);
    });
  addDeleteCommand(rooms, context, {
    list: 'rooms',
    object: 'room',
    description: 'delete a public or private room for good, with its messages',
  });
  return rooms;
}

/** Null would be taken for an option without a value. */
function daysOption(text: string): number | 'none' {
  return text === 'none' ? text : numberOption(text);
}
