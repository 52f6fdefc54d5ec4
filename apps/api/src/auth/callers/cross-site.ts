import type { OriginPolicy } from '@chorus/service';
import type { Context } from '../../http/context.js';

/**
 * Whether a page of another origin caused a request: by a link, an image, a form or a script. Pages in
 * `ALLOWED_ORIGINS` do not count. Browsers report it in `Sec-Fetch-Site`; older ones show it by `Origin` or
 * `Referer`. A request without any of these headers comes from a program or from the address bar.
 */
export function comesFromAnotherSite(ctx: Context, origins: OriginPolicy): boolean {
  const origin = ctx.get('Origin') || originOf(ctx.get('Referer'));
  const verdict = origins.judge((name) => (name === 'origin' ? origin : ctx.get(name)));
  if (verdict === 'listed') return false;
  const site = ctx.get('Sec-Fetch-Site');
  if (site !== '') return site !== 'same-origin' && site !== 'none';
  return verdict === 'refused' || verdict === 'any';
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}
