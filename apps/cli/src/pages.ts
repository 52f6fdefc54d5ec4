import { z } from 'zod';
import type { CliContext } from './cli-context.js';

/** Largest page of the operator API. */
const PAGE = 100;

/**
 * Reads a list of the operator API to its end.
 * @param path path of the list
 * @param name field of the answers that has the entries
 * @param query further parameters, and with `cursor` the first page
 * @throws {CliError}
 */
export async function readAll<S extends z.ZodType>(
  { send }: CliContext,
  path: string,
  name: string,
  schema: S,
  query: Readonly<Record<string, string>> = {},
): Promise<Array<z.output<S>>> {
  const page = z.object({
    [name]: z.array(schema),
    nextCursor: z.union([z.string(), z.number()]).nullable(),
  });
  const found: Array<z.output<S>> = [];
  for (let next: Record<string, string> | undefined = {}; next !== undefined; ) {
    const parameters = new URLSearchParams({ limit: String(PAGE), ...query, ...next });
    const { nextCursor, ...rest } = await send(page, 'GET', `${path}?${parameters}`);
    found.push(...((rest as Record<string, Array<z.output<S>>>)[name] ?? []));
    next = nextCursor === null ? undefined : { cursor: String(nextCursor) };
  }
  return found;
}
