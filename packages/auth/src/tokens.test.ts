import { createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { TOKEN_TTL_SECONDS, Tokens } from './tokens.js';

const SECRET = 'a secret of more than thirty-two bytes';
const ann = { id: 7, username: 'Ann Ünï 🎈' };

describe('Tokens', () => {
  const tokens = new Tokens(SECRET);

  it('reads back who a token was signed for', () => {
    const check = tokens.verify(tokens.sign(ann));
    expect(check).to.deep.include({ ok: true });
    expect(check.ok && check.token.user).to.deep.equal(ann);
  });

  it('carries an id of 2^53-1 without loss', () => {
    const user = { id: Number.MAX_SAFE_INTEGER, username: 'max' };
    const check = tokens.verify(tokens.sign(user));
    expect(check.ok && check.token.user.id).to.equal(9007199254740991);
  });

  it('lives for an hour and has an id of its own', () => {
    const [first, second] = [tokens.sign(ann), tokens.sign(ann)].map((token) =>
      jwt.decode(token, { json: true }),
    );
    expect((first?.exp ?? 0) - (first?.iat ?? 0))
      .to.equal(3_600)
      .and.to.equal(TOKEN_TTL_SECONDS);
    expect(first?.jti).to.be.a('string').and.not.to.equal(second?.jti);
    expect(first?.sub).to.equal('7');
  });

  it('tells a missing token from an expired one and from anything else', () => {
    const expired = new Tokens(SECRET, -1).sign(ann);
    const endsNow = new Tokens(SECRET, 0).sign(ann);
    for (const [token, reason] of [
      [undefined, 'missing'],
      ['', 'missing'],
      [expired, 'expired'],
      [endsNow, 'expired'],
      ['garbage', 'invalid'],
      ['a.b.c', 'invalid'],
      [new Tokens('another secret, just as long as that').sign(ann), 'invalid'],
    ] as const) {
      expect(tokens.verify(token), String(token)).to.deep.equal({ ok: false, reason });
    }
  });

  it('refuses a token whose claims were changed', () => {
    const [header, , signature] = tokens.sign(ann).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: '1', username: 'root', jti: 'x', exp: 2e9 })).toString(
      'base64url',
    );
    expect(tokens.verify(`${header}.${claims}.${signature}`)).to.deep.equal({ ok: false, reason: 'invalid' });
  });

  it('accepts no other algorithm, whatever the header says', () => {
    const claims = { sub: '7', username: 'ann', jti: 'x', exp: 2e9 };
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none' })}.${encode(claims)}.`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const lowerCase = `${encode({ alg: 'hs256' })}.${encode(claims)}`;
    const signature = createHmac('sha256', SECRET).update(lowerCase).digest('base64url');
    for (const token of [
      unsigned,
      jwt.sign(claims, SECRET, { algorithm: 'HS512' }),
      jwt.sign(claims, privateKey, { algorithm: 'RS256' }),
      `${lowerCase}.${signature}`,
    ]) {
      expect(tokens.verify(token)).to.deep.equal({ ok: false, reason: 'invalid' });
    }
  });

  it('refuses a well-signed token that lacks a claim or has one of another kind', () => {
    const whole = { sub: '7', username: 'ann', jti: 'x', exp: 2_000_000_000 };
    const sign = (claims: object): string => jwt.sign(claims, SECRET, { noTimestamp: true });
    expect(tokens.verify(sign(whole)).ok).to.equal(true);
    for (const change of [
      { exp: undefined },
      { sub: undefined },
      { sub: '-7' },
      { sub: '7.5' },
      { sub: 'ann' },
      { sub: '99999999999999999' },
      { username: undefined },
      { username: '' },
      { username: 7 },
      { jti: undefined },
    ]) {
      const claims = Object.fromEntries(
        Object.entries({ ...whole, ...change }).filter(([, value]) => value !== undefined),
      );
      expect(tokens.verify(sign(claims)), JSON.stringify(change)).to.deep.equal({
        ok: false,
        reason: 'invalid',
      });
    }
    expect(tokens.verify(jwt.sign('text', SECRET))).to.deep.equal({ ok: false, reason: 'invalid' });
  });
});
