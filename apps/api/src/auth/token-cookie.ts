import { TOKEN_COOKIE, TOKEN_TTL_SECONDS } from '@chorus/auth';

export const SAME_SITE = ['strict', 'lax', 'none'] as const;

export interface CookieOptions {
  readonly secure: boolean;
  readonly sameSite: (typeof SAME_SITE)[number] | undefined;
}

/** `Set-Cookie` for a new token. The order of the attributes is part of the seed contract. */
export function tokenCookie(token: string, options: CookieOptions): string {
  return serialise(token, TOKEN_TTL_SECONDS, options);
}

/** `Set-Cookie` that makes browsers forget the token. */
export function clearedCookie(options: CookieOptions): string {
  return serialise('', 0, options);
}

function serialise(value: string, maxAge: number, { secure, sameSite }: CookieOptions): string {
  const cookie = `${TOKEN_COOKIE}=${value}; HttpOnly; Path=/; Max-Age=${maxAge}`;
  return `${cookie}${secure ? '; Secure' : ''}${sameSite === undefined ? '' : `; SameSite=${sameSite}`}`;
}
