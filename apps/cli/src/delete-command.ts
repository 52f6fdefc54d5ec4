import type { Command } from 'commander';
import { z } from 'zod';
import type { CliContext } from './cli-context.js';
import { pathOf } from './options.js';

/** Adds the command that deletes an object of a list of the operator API. */
export function addDeleteCommand(
  parent: Command,
  context: CliContext,
  { list, object, description }: Readonly<Record<'list' | 'object' | 'description', string>>,
): void {
  parent
    .command('delete')
    .description(description)
    .argument('<id>', `id of the ${object}`)
    .action(async (id: string) => {
      await context.send(z.undefined(), 'DELETE', pathOf(list, id));
      context.print({ id, deleted: true }, () => `deleted ${id}`);
    });
}
