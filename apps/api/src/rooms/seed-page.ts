import type { Context } from '../http/context.js';
import { SEED_PAGE } from './inputs.js';

/** The header of lists that have more. */
export const LINK_HEADER = { Link: 'Where the list goes on, with `rel="next"`; only when there is more.' };

/** Cuts a list that was asked for with one entry too many, and links to the rest if there is any. */
export function seedPage<T extends { readonly id: number }>(ctx: Context, found: readonly T[]): readonly T[] {
  const page = found.slice(0, SEED_PAGE);
  const last = page.at(-1);
  if (found.length > SEED_PAGE && last !== undefined) {
    const query = new URLSearchParams(ctx.querystring);
    query.set('after', String(last.id));
    ctx.set('Link', `<${ctx.path}?${query}>; rel="next"`);
  }
  return page;
}
