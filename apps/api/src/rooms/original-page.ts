import type { Context } from '../http/context.js';
import { ORIGINAL_PAGE } from './inputs.js';

/** The header of a list that has a next page. */
export const LINK_HEADER = { Link: 'Path of the next page, with `rel="next"`. Absent on the last page.' };

/** Reduces a list that was read with one extra entry to a page, and links to the next page if there is one. */
export function originalPage<T extends { readonly id: number }>(
  ctx: Context,
  found: readonly T[],
): readonly T[] {
  const page = found.slice(0, ORIGINAL_PAGE);
  const last = page.at(-1);
  if (found.length > ORIGINAL_PAGE && last !== undefined) {
    const query = new URLSearchParams(ctx.querystring);
    query.set('after', String(last.id));
    ctx.set('Link', `<${ctx.path}?${query}>; rel="next"`);
  }
  return page;
}
