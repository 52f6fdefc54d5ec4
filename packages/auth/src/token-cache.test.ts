import { expect } from 'chai';
import { TokenCache } from './token-cache.js';
import { type TokenCheck, Tokens } from './tokens.js';

const SECRET = 'a secret of more than thirty-two bytes';

describe('TokenCache', () => {
  /** A cache, and the tokens that it had to verify. */
  function cacheOf(tokens: Tokens, maxTokens?: number) {
    const verified: Array<string | undefined> = [];
    const verify = (text: string | undefined): TokenCheck => {
      verified.push(text);
      return tokens.verify(text);
    };
    return { cache: new TokenCache({ verify }, maxTokens), verified };
  }

  it('verifies a token once', () => {
    const tokens = new Tokens(SECRET);
    const { cache, verified } = cacheOf(tokens);
    const token = tokens.sign({ id: 7, username: 'ann' });
    expect(cache.verify(token)).to.deep.equal(tokens.verify(token));
    expect(cache.verify(token)).to.deep.equal(tokens.verify(token));
    expect(verified).to.deep.equal([token]);
  });

  it('refuses a token that expired after it was verified', async () => {
    const tokens = new Tokens(SECRET, 1);
    const { cache } = cacheOf(tokens);
    const token = tokens.sign({ id: 7, username: 'ann' });
    const first = cache.verify(token);
    const until = first.ok ? first.token.expiresAt : 0;
    while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(cache.verify(token)).to.deep.equal({ ok: false, reason: 'expired' });
  });

  it('does not keep refused tokens', () => {
    const { cache, verified } = cacheOf(new Tokens(SECRET));
    for (const text of [undefined, '', 'a.b.c', 'a.b.c']) expect(cache.verify(text).ok).to.equal(false);
    expect(verified).to.have.length(4);
  });

  it('keeps the newest tokens only', () => {
    const tokens = new Tokens(SECRET);
    const { cache, verified } = cacheOf(tokens, 2);
    const [a = '', b = '', c = ''] = [1, 2, 3].map((id) => tokens.sign({ id, username: 'x' }));
    for (const token of [a, b, c, c, b, a]) expect(cache.verify(token).ok).to.equal(true);
    expect(verified).to.deep.equal([a, b, c, a]);
  });
});
