import type { TokenCheck, Tokens, VerifiedToken } from './tokens.js';

/** Tokens that a cache keeps: about 5 MB. */
const MAX_TOKENS = 10_000;

/**
 * Verifies each token once, while it is among the last {@link MAX_TOKENS} new ones: whether a text is signed and what it claims never
 * changes. Whether it has expired is checked at each use. Refused tokens are not kept.
 */
export class TokenCache {
  readonly #verified = new Map<string, VerifiedToken>();

  constructor(
    private readonly tokens: Pick<Tokens, 'verify'>,
    private readonly maxTokens = MAX_TOKENS,
  ) {}

  /** See `Tokens.verify`. */
  verify(text: string | undefined): TokenCheck {
    if (text === undefined) return this.tokens.verify(text);
    const known = this.#verified.get(text);
    if (known !== undefined && Date.now() < known.expiresAt) return { ok: true, token: known };
    const check = this.tokens.verify(text);
    if (check.ok) this.#keep(text, check.token);
    else this.#verified.delete(text);
    return check;
  }

  #keep(text: string, token: VerifiedToken): void {
    this.#verified.set(text, token);
    if (this.#verified.size <= this.maxTokens) return;
    const [oldest = ''] = this.#verified.keys();
    this.#verified.delete(oldest);
  }
}
