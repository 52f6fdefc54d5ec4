import { parseCookie } from 'cookie';

/** Name of the cookie that carries the token. */
export const TOKEN_COOKIE = 'jwt';

/**
 * The token that a request carries: that of `Authorization: Bearer …`, else that of the cookie.
 * Another scheme (`Basic`, say, of a proxy in front) says nothing about the user and is passed over.
 */
export function requestToken(
  authorization: string | undefined,
  cookieHeader: string | undefined,
): string | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  return cookieHeader ? parseCookie(cookieHeader)[TOKEN_COOKIE] : undefined;
}
