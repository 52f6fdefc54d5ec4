import { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { addDeleteCommand } from './delete-command.js';
import { CliError } from './operator-api.js';
import { listOption, numberOption, pathOf, someOf } from './options.js';
import { readAll } from './pages.js';
import { details, table } from './table.js';
import { addDeliveryCommands } from './webhook-deliveries.js';

const webhookSchema = z.object({
  id: z.number(),
  url: z.string(),
  events: z.array(z.string()),
  rooms: z.array(z.number()),
  enabled: z.boolean(),
  after: z.string(),
  createdAt: z.string(),
  failing: z
    .object({ since: z.string().nullable(), attempts: z.number(), lastError: z.string().nullable() })
    .nullable(),
});
const secretSchema = webhookSchema.extend({ secret: z.string() });

type Webhook = z.infer<typeof webhookSchema>;

interface Fields {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly rooms?: readonly string[];
}

interface ChangeOptions extends Fields {
  readonly enable?: boolean;
  readonly disable?: boolean;
}

const EVENTS = 'types of events that it receives, separated by commas; "" for all';
const ROOMS = 'ids of the rooms whose events it receives, separated by commas; "" for all';

/** `chorus webhooks`: endpoints that receive events. */
export function webhooksCommand(context: CliContext): Command {
  const webhooks = new Command('webhooks').description('endpoints that receive events');
  const id = ['<id>', 'id of the webhook'] as const;
  webhooks
    .command('list')
    .description('list all webhooks by id')
    .action(async () => {
      const found = await readAll(context, '/webhooks', 'webhooks', webhookSchema);
      context.print(found, () =>
        table(
          ['Id', 'URL', 'Events', 'Rooms', 'State'],
          found.map((webhook) => [
            ...[
              String(webhook.id),
              webhook.url,
              listed(webhook.events),
              listed(webhook.rooms),
              stateOf(webhook),
            ],
          ]),
        ),
      );
    });
  webhooks
    .command('show')
    .description('show a webhook, without its secret')
    .argument(...id)
    .action(async (webhookId: string) => {
      const webhook = await context.send(webhookSchema, 'GET', pathOf('webhooks', webhookId));
      context.print(webhook, () => details(fieldsOf(webhook)));
    });
  webhooks
    .command('create')
    .description('create a webhook, and print its id and its secret, which cannot be shown again')
    .requiredOption('--url <url>', 'URL of the endpoint')
    .option('--events <types>', EVENTS, listOption)
    .option('--rooms <ids>', ROOMS, listOption)
    .action(async ({ url, events, rooms }: Fields) => {
      const webhook = await context.send(secretSchema, 'POST', '/webhooks', { url, events, rooms });
      context.print(webhook, () => details({ Id: String(webhook.id), Secret: webhook.secret }));
    });
  webhooks
    .command('change')
    .description('change, disable or enable a webhook; an endpoint that is down is tried at once')
    .argument(...id)
    .option('--url <url>', 'new URL')
    .option('--events <types>', EVENTS, listOption)
    .option('--rooms <ids>', ROOMS, listOption)
    .option('--enable', 'deliver events')
    .option('--disable', 'deliver none until it is enabled')
    .action(async (webhookId: string, { url, events, rooms, enable, disable }: ChangeOptions) => {
      if (enable && disable) throw new CliError('--enable and --disable exclude each other');
      const enabled = enable ? true : disable ? false : undefined;
      const body = someOf({ url, events, rooms, enabled }, '--url, --events, --rooms, --enable or --disable');
      const webhook = await context.send(webhookSchema, 'PATCH', pathOf('webhooks', webhookId), body);
      context.print(webhook, () => `changed ${webhookId}`);
    });
  addDeleteCommand(webhooks, context, {
    list: 'webhooks',
    object: 'webhook',
    description: 'delete a webhook for good, with the events that wait for it',
  });
  webhooks
    .command('rotate-secret')
    .description('give a webhook another secret, and print it: it cannot be shown again')
    .argument(...id)
    .option(
      '--overlap <seconds>',
      'seconds for which the secret before signs as well; default: a day',
      numberOption,
    )
    .action(async (webhookId: string, { overlap }: { readonly overlap?: number }) => {
      const path = `${pathOf('webhooks', webhookId)}/secret`;
      const webhook = await context.send(secretSchema, 'POST', path, { overlapSeconds: overlap });
      context.print(webhook, () => webhook.secret);
    });
  addDeliveryCommands(webhooks, context);
  return webhooks;
}

function fieldsOf(webhook: Webhook): Record<string, string> {
  return {
    ...{ Id: String(webhook.id), URL: webhook.url },
    ...{ Events: listed(webhook.events), Rooms: listed(webhook.rooms), State: stateOf(webhook) },
    ...{ 'Delivered up to': webhook.after, Created: webhook.createdAt },
    ...(webhook.failing === null ? {} : { 'Last error': webhook.failing.lastError ?? '' }),
  };
}

function listed(values: ReadonlyArray<string | number>): string {
  return values.length === 0 ? 'all' : values.join(' ');
}

function stateOf({ enabled, failing }: Webhook): string {
  if (!enabled) return 'disabled';
  return failing === null ? 'enabled' : `down since ${failing.since ?? 'a moment ago'}`;
}
