import type { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { CliError } from './operator-api.js';
import { pathOf } from './options.js';
import { table } from './table.js';

const deliveriesSchema = z.object({
  deliveries: z.array(
    z.object({
      eventId: z.string(),
      roomId: z.number().nullable(),
      state: z.string(),
      attempts: z.number().nullable(),
      at: z.string(),
      nextAttemptAt: z.string().nullable(),
      lastStatus: z.number().nullable(),
      lastError: z.string().nullable(),
    }),
  ),
});
const spanSchema = z.object({ from: z.string(), to: z.string() });
const resumedSchema = z.object({ id: z.number(), after: z.string() });

interface RedeliverOptions {
  readonly event?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Adds the commands about events that a webhook has, or has not, received. */
export function addDeliveryCommands(webhooks: Command, context: CliContext): void {
  const id = ['<id>', 'id of the webhook'] as const;
  webhooks
    .command('deliveries')
    .description('list up to 100 events that a webhook has not received: they are retried, or were given up')
    .argument(...id)
    .option('--state <state>', '`retrying` or `dead`; default: both')
    .action(async (webhookId: string, { state: wanted }: { readonly state?: string }) => {
      const query = new URLSearchParams({ limit: '100', ...(wanted === undefined ? {} : { state: wanted }) });
      const path = `${pathOf('webhooks', webhookId)}/deliveries?${query}`;
      const { deliveries } = await context.send(deliveriesSchema, 'GET', path);
      context.print(deliveries, () =>
        table(
          ['Event', 'Room', 'State', 'Attempts', 'Next attempt', 'Last error'],
          deliveries.map(({ eventId, roomId, state, attempts, nextAttemptAt, lastStatus, lastError }) => [
            ...[eventId, String(roomId ?? ''), state, String(attempts ?? '')],
            ...[nextAttemptAt ?? '', lastError ?? String(lastStatus ?? '')],
          ]),
        ),
      );
    });
  webhooks
    .command('resume')
    .description('deliver all events after one, also those that were delivered before')
    .argument(...id)
    .requiredOption('--after <event>', 'id of the event, such as evt_42')
    .action(async (webhookId: string, { after }: { readonly after: string }) => {
      const path = `${pathOf('webhooks', webhookId)}/resume`;
      const resumed = await context.send(resumedSchema, 'POST', path, { after });
      context.print(resumed, () => `resumed ${webhookId} after ${resumed.after}`);
    });
  webhooks
    .command('redeliver')
    .description('deliver one event, or those of a span of time, once more')
    .argument(...id)
    .option('--event <event>', 'id of the event, such as evt_42')
    .option('--from <time>', 'beginning of the span, such as 2030-01-31T12:00:00Z')
    .option('--to <time>', 'end of the span')
    .action(async (webhookId: string, { event, from, to }: RedeliverOptions) => {
      const isSpan = from !== undefined && to !== undefined;
      if (isSpan === (event !== undefined)) throw new CliError('give either --event, or --from and --to');
      const base = pathOf('webhooks', webhookId);
      const span =
        event === undefined
          ? await context.send(spanSchema, 'POST', `${base}/redeliver`, { from, to })
          : await context.send(spanSchema, 'POST', `${base}${pathOf('deliveries', event)}/redeliver`);
      context.print(span, () => `delivering ${span.from} to ${span.to} once more`);
    });
}
