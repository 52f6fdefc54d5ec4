import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { keyId, TOKEN_TTL_SECONDS, Tokens } from './tokens.js';

const SECRET = 'a secret of more than thirty-two bytes';
const ann = { id: 7, username: 'Ann Ünï 🎈' };

describe('Tokens', () => {
  const tokens = new Tokens(SECRET);

  it('returns the user that a token was signed for', () => {
    const check = tokens.verify(tokens.sign(ann));
    expect(check).to.deep.include({ ok: true });
    expect(check.ok && check.token.user).to.deep.equal(ann);
  });

  it('tells that the user is a bot', () => {
    const bot = { ...ann, bot: true } as const;
    expect(tokens.verify(tokens.sign(bot)))
      .to.have.nested.property('token.user')
      .that.deep.equals(bot);
    const { text } = tokens.signForKey(bot, 0, 'key');
    expect(tokens.verify(text)).to.have.nested.property('token.user').that.deep.equals(bot);
  });

  it('carries an id of 2^53-1 without loss', () => {
    const user = { id: Number.MAX_SAFE_INTEGER, username: 'max' };
    const check = tokens.verify(tokens.sign(user));
    expect(check.ok && check.token.user.id).to.equal(9007199254740991);
  });

  it('expires after an hour and has a unique id', () => {
    const [first, second] = [tokens.sign(ann), tokens.sign(ann)].map((token) =>
      jwt.decode(token, { json: true }),
    );
    expect((first?.exp ?? 0) - (first?.iat ?? 0))
      .to.equal(3_600)
      .and.to.equal(TOKEN_TTL_SECONDS);
    expect(first?.jti).to.be.a('string').and.not.to.equal(second?.jti);
    expect(first?.sub).to.equal('7');
  });

  it('distinguishes a missing token from an expired one and from any other', () => {
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
      jwt.sign(claims, SECRET, { header: { alg: 'HS256', crit: ['exp'] } }),
      jwt.sign(claims, SECRET, { header: { alg: 'HS256', crit: [] } }),
      `${lowerCase}.${signature}`,
    ]) {
      expect(tokens.verify(token)).to.deep.equal({ ok: false, reason: 'invalid' });
    }
  });

  it('refuses a correctly signed token with a missing or mistyped claim', () => {
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
      { gen: -1 },
      { gen: 'x' },
      { auth_time: 'x' },
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

  describe('with several keys', () => {
    const OLD = 'the secret that was there before, still out';
    const OTHER = 'a secret of somebody else, just as long';
    const TTL = TOKEN_TTL_SECONDS;
    const CLAIMS = { sub: '7', username: 'ann', jti: 'x', exp: 2_000_000_000 };
    const both = new Tokens(SECRET, TTL, [OLD]);
    const plain = (secret: string, claims: object = CLAIMS, header = {}): string =>
      jwt.sign(claims, secret, { noTimestamp: true, header: { alg: 'HS256', ...header } });

    it('identifies the key in the header by a digest that does not reveal it', () => {
      const header = jwt.decode(both.sign(ann), { complete: true })?.header;
      const digest = createHash('sha256').update(`chorus-kid${SECRET}`).digest('hex');
      expect(header).to.deep.equal({ alg: 'HS256', typ: 'JWT', kid: digest.slice(0, 16) });
      expect(keyId(SECRET)).to.equal(digest.slice(0, 16)).and.not.equal(keyId(OLD));
    });

    it('signs with the first key, and accepts tokens of all keys', () => {
      expect(new Tokens(SECRET).verify(both.sign(ann)).ok).to.equal(true);
      expect(new Tokens(OLD).verify(both.sign(ann)).ok).to.equal(false);
      expect(both.verify(new Tokens(OLD).sign(ann)).ok).to.equal(true);
      expect(both.verify(new Tokens(SECRET, TTL, [SECRET, SECRET]).sign(ann)).ok).to.equal(true);
    });

    it('accepts tokens without a key id, of all keys', () => {
      expect(both.verify(plain(SECRET)).ok).to.equal(true);
      expect(both.verify(plain(OLD)).ok).to.equal(true);
      expect(both.verify(plain(OTHER))).to.deep.equal({ ok: false, reason: 'invalid' });
    });

    it('reports expiry for an expired token of any key', () => {
      expect(both.verify(new Tokens(OLD, -1).sign(ann))).to.deep.equal({ ok: false, reason: 'expired' });
      for (const secret of [SECRET, OLD]) {
        const expired = plain(secret, { ...CLAIMS, exp: 1 });
        expect(both.verify(expired)).to.deep.equal({ ok: false, reason: 'expired' });
      }
    });

    it('refuses tokens of a removed key', () => {
      const dropped = new Tokens(SECRET);
      for (const token of [new Tokens(OLD).sign(ann), plain(OLD), new Tokens(OLD, -1).sign(ann)]) {
        expect(dropped.verify(token)).to.deep.equal({ ok: false, reason: 'invalid' });
      }
    });

    it('checks a token with a key id against that key only', () => {
      for (const kid of [
        keyId(OTHER),
        keyId(OLD),
        keyId(SECRET).toUpperCase(),
        '',
        null,
        7,
        ['x'],
        'constructor',
      ]) {
        const token = encode({ alg: 'HS256', typ: 'JWT', kid }, CLAIMS, SECRET);
        expect(both.verify(token), String(kid)).to.deep.equal({ ok: false, reason: 'invalid' });
      }
      const named = encode({ alg: 'HS256', typ: 'JWT', kid: keyId(OLD) }, CLAIMS, OLD);
      expect(both.verify(named).ok).to.equal(true);
    });

    it('refuses a token with an unreadable header', () => {
      for (const header of ['"text"', 'null', '7', '[]', '{"alg":"HS256"', '']) {
        const token = `${Buffer.from(header).toString('base64url')}.${base64(CLAIMS)}.AAAA`;
        expect(both.verify(token), header).to.deep.equal({ ok: false, reason: 'invalid' });
      }
    });

    /** Signs any header and claims, including those that a library would refuse. */
    function encode(header: object, claims: object, secret: string): string {
      const signed = `${base64(header)}.${base64(claims)}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    }

    function base64(value: object): string {
      return Buffer.from(JSON.stringify(value)).toString('base64url');
    }
  });
});
