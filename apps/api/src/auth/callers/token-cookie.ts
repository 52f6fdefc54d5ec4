import { TOKEN_COOKIE, TOKEN_TTL_SECONDS } from '@chorus/auth';
import type { Logger } from '@chorus/service';
import type { Context } from '../../http/context.js';

export const SAME_SITE = ['strict', 'lax', 'none'] as const;

const SAME_SITE_NAMES = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

export interface CookieOptions {
  /** `auto`: Secure if the request used TLS, according to proxies that `TRUST_PROXY` trusts. */
  readonly secure: boolean | 'auto';
  readonly sameSite: (typeof SAME_SITE)[number];
  /** In production a cookie without `Secure` is logged once. */
  readonly production: boolean;
}

/**
 * Returns the token for the body of a response, if the client sent its token in `Authorization`. A page that has its
 * token in the cookie must not read the token.
 */
export function inBody(ctx: Context, token: string): { token?: string } {
  return ctx.get('Authorization') === '' ? {} : { token };
}

/** Sets and clears the cookie that carries the token. The order of the attributes is part of the plain contract. */
export class TokenCookies {
  #warned = false;

  constructor(
    private readonly options: CookieOptions,
    private readonly log: Logger,
  ) {}

  give(ctx: Context, token: string): void {
    const secure = this.#isSecure(ctx);
    if (!secure && this.options.production && !this.#warned) {
      this.#warned = true;
      this.log.warn(
        'a token went out in a cookie without Secure: put TLS in front and set TRUST_PROXY and X-Forwarded-Proto, or COOKIE_SECURE=true',
      );
    }
    ctx.set('Set-Cookie', this.#serialise(token, TOKEN_TTL_SECONDS, secure));
  }

  /** Makes browsers forget the token. */
  clear(ctx: Context): void {
    ctx.set('Set-Cookie', this.#serialise('', 0, this.#isSecure(ctx)));
  }

  #isSecure(ctx: Context): boolean {
    return this.options.secure === 'auto' ? ctx.secure : this.options.secure;
  }

  #serialise(value: string, maxAge: number, secure: boolean): string {
    const cookie = `${TOKEN_COOKIE}=${value}; HttpOnly; Path=/; Max-Age=${maxAge}`;
    return `${cookie}${secure ? '; Secure' : ''}; SameSite=${SAME_SITE_NAMES[this.options.sameSite]}`;
  }
}
