/** Name of the cookie with the token. */
export const TOKEN_COOKIE = 'jwt';

/** A browser sends at most a few cookies of one name; each costs a signature check. */
const MOST_COOKIES = 8;

/**
 * Returns the tokens of a request in the order in which they are tried: that of `Authorization: Bearer …`, else those
 * of all `jwt` cookies. A parent domain or another path can set a cookie of this name, which the server cannot
 * remove.
 *
 * Another scheme in `Authorization` (`Basic`, for example, for a proxy) does not identify a user and is ignored.
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
