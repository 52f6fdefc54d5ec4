/** Name of the cookie that carries the token. */
export const TOKEN_COOKIE = 'jwt';

/** A browser sends at most a few cookies of one name; each costs a signature check. */
const MOST_COOKIES = 8;

/**
 * Tokens that a request carries, in the order in which they are tried: that of `Authorization: Bearer …`, else those of
 * all `jwt` cookies. A parent domain or another path can set a cookie of the same name, which a server cannot remove.
 *
 * Another scheme (`Basic`, say, of a proxy in front) says nothing about the user and is passed over.
 */
export function requestTokens(authorization: string | undefined, cookieHeader: string | undefined): string[] {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return [bearer];
  const tokens: string[] = [];
  for (const pair of cookieHeader?.split(';') ?? []) {
    const [, value] = /^\s*jwt\s*=\s*"?([^"]*?)"?\s*$/.exec(pair) ?? [];
    if (value !== undefined && tokens.length < MOST_COOKIES) tokens.push(value);
  }
  return tokens;
}
