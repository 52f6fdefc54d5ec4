import { setTimeout as sleep } from 'node:timers/promises';
import {
  closeAfterEach,
  recordedLog,
  startTestOpenIdProvider,
  type TestOpenIdProvider,
} from '@chorus/testing';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { InvalidIdentity, KeysUnavailable } from './identity.js';
import { IdentityVerifier } from './identity-verifier.js';
import { issuersConfig, TOKEN_ALGORITHMS } from './issuers.js';
import { KEY_TIMES } from './remote-keys.js';

describe('tokens of an OpenID provider', function () {
  this.timeout(60_000);
  const closing = closeAfterEach();
  let provider: TestOpenIdProvider;
  beforeEach(async () => {
    provider = closing().add(await startTestOpenIdProvider());
  });

  const verifierOf = (
    fields: object = {},
    times: Partial<typeof KEY_TIMES> = {},
    log = recordedLog().log,
  ) => {
    const { issuer, jwksUrl } = provider;
    const audience = TOKEN_ALGORITHMS.filter((alg) => alg !== 'EdDSA');
    const config = {
      issuer,
      audience: [...audience, 'EdDSA'],
      jwksUrl,
      algorithms: TOKEN_ALGORITHMS,
      ...fields,
    };
    const issuers = issuersConfig({ AUTH_ISSUERS: JSON.stringify([config]) });
    return new IdentityVerifier(issuers, log, { ...KEY_TIMES, ...times });
  };
  const refusal = async (verifier: IdentityVerifier, token: string): Promise<string> => {
    try {
      await verifier.verify(token);
      return 'accepted';
    } catch (error) {
      if (error instanceof InvalidIdentity) return error.why;
      if (error instanceof KeysUnavailable) return 'unavailable';
      throw error;
    }
  };

  it('are verified with each algorithm, and cost one request for keys', async () => {
    provider.user = { sub: 'u-1', preferred_username: 'Ann', picture: 'https://img.example/ann.png' };
    const verifier = verifierOf();
    const tokens = await Promise.all(TOKEN_ALGORITHMS.map((alg) => provider.idToken(alg)));
    provider.requests = 0;
    for (const token of tokens) {
      const { issuedAt, ...identity } = await verifier.verify(token);
      expect(identity).to.deep.equal({
        issuer: provider.issuer,
        subject: 'u-1',
        name: 'Ann',
        avatarUrl: 'https://img.example/ann.png',
      });
      expect(Math.abs(Date.now() - issuedAt.getTime())).to.be.below(600_000);
    }
    await Promise.all(Array.from({ length: 100 }, async () => verifier.verify(await provider.sign())));
    expect(provider.requests).to.equal(1);
  });

  it('of other issuers, audiences, algorithms and times are refused, each with its reason', async () => {
    const verifier = verifierOf({ audience: 'RS256', algorithms: ['RS256'] });
    const now = Math.floor(Date.now() / 1_000);
    const unsigned = (header: object, claims: object): string =>
      `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
    const claims = { iss: provider.issuer, aud: 'RS256', sub: 'ann', exp: now + 60 };
    const { n = '', kid = '' } = provider.privateKey('RS256');
    const withPublicKey = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(n));
    const good = await provider.sign();
    const [head = '', body = '', signature = ''] = good.split('.');
    const elsewhere = closing().add(await startTestOpenIdProvider());
    const tokens: ReadonlyArray<readonly [reason: string, token: string]> = [
      ['accepted', good],
      ['issuer', await elsewhere.idToken()],
      ['issuer', await provider.sign({ iss: undefined })],
      ['issuer', await provider.sign({ iss: `${provider.issuer}/` })],
      ['key', await elsewhere.sign({ iss: provider.issuer })],
      ['signature', await elsewhere.sign({ iss: provider.issuer }, 'RS256', { kid })],
      ['signature', `${head}.${body}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`],
      ['signature', `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`],
      ['audience', await provider.sign({ aud: 'another' })],
      ['audience', await provider.sign({ aud: undefined })],
      ['audience', await provider.idToken('ES256').then(() => provider.sign({ aud: ['x', 'y'] }))],
      ['algorithm', await provider.idToken('ES256')],
      ['algorithm', await withPublicKey],
      ['algorithm', unsigned({ alg: 'none' }, claims)],
      ['algorithm', unsigned({ alg: 'none', kid }, claims)],
      ['expired', await provider.sign({ exp: now - 40 })],
      ['notYet', await provider.sign({ nbf: now + 60 })],
      ['noExpiry', await provider.sign({ exp: undefined })],
      ['subject', await provider.sign({ sub: undefined })],
      ['subject', await provider.sign({ sub: '' })],
      ['malformed', await provider.sign({}, 'RS256', { crit: ['x'], x: 1 }).catch(() => 'x.y.z')],
      ['malformed', unsigned({}, claims)],
      ['malformed', 'x'],
      ['malformed', '..'],
      ['malformed', `${head}.${Buffer.from('[]').toString('base64url')}.${signature}`],
      // Clocks that differ a little.
      ['accepted', await provider.sign({ exp: now - 10 })],
      ['accepted', await provider.sign({ nbf: now + 10, iat: now + 10 })],
    ];
    for (const [reason, token] of tokens) {
      expect(
        await refusal(verifier, token),
        Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
      ).to.equal(reason);
    }
  });

  it('never make the API read keys from where they say', async () => {
    const elsewhere = closing().add(await startTestOpenIdProvider());
    const { jwksUrl, privateKey } = { jwksUrl: elsewhere.jwksUrl, privateKey: elsewhere.privateKey('RS256') };
    const { d: _, ...jwk } = privateKey;
    const token = await elsewhere.sign({ iss: provider.issuer }, 'RS256', {
      jku: jwksUrl,
      x5u: jwksUrl,
      jwk,
    });
    expect(await refusal(verifierOf(), token)).to.equal('key');
    expect(elsewhere.requests).to.equal(0);
  });

  it('are verified with new keys after a rotation, and no longer with the old ones', async () => {
    const verifier = verifierOf({}, { cooldownMs: 0 });
    const old = await provider.idToken();
    expect(await refusal(verifier, old)).to.equal('accepted');
    await provider.rotateKeys();
    expect(await refusal(verifier, await provider.idToken())).to.equal('accepted');
    expect(await refusal(verifier, old)).to.equal('key');
  });

  it('with unknown keys make one request in the time of a cooldown', async () => {
    const verifier = verifierOf();
    expect(await refusal(verifier, await provider.sign())).to.equal('accepted');
    for (let count = 0; count < 50; count++) {
      expect(await refusal(verifier, await provider.sign({}, 'RS256', { kid: `k${count}` }))).to.equal('key');
    }
    expect(provider.keyRequests).to.equal(1);
  });

  it('are verified without a key id', async () => {
    const verifier = verifierOf();
    for (const alg of TOKEN_ALGORITHMS) {
      expect(await refusal(verifier, await provider.sign({}, alg, { kid: undefined })), alg).to.equal(
        'accepted',
      );
    }
    const { d: _, ...key } = provider.privateKey('RS256');
    const other = closing().add(await startTestOpenIdProvider());
    const { d: __, ...otherKey } = other.privateKey('RS256');
    const keys = [otherKey, key].map(({ kty, n = '', e = '' }) => ({ kty, n, e }));
    const given = verifierOf({ jwksUrl: undefined, keys });
    expect(await refusal(given, await provider.sign())).to.equal('accepted');
    const third = closing().add(await startTestOpenIdProvider());
    expect(await refusal(given, await third.sign({ iss: provider.issuer }))).to.equal('signature');
  });

  for (const fault of ['slow', 'slow body', 'large', 'gone', 'redirect', 'no JSON'] as const) {
    it(`are refused for the time when the key URL is faulty: ${fault}`, async () => {
      const { log, lines } = recordedLog();
      provider.fault = fault;
      const verifier = verifierOf({}, { answerMs: 300, retryMs: 400 }, log);
      const token = await provider.sign();
      const answers = await Promise.all(Array.from({ length: 20 }, () => refusal(verifier, token)));
      expect(new Set(answers)).to.deep.equal(new Set(['unavailable']));
      expect(await refusal(verifier, token)).to.equal('unavailable');
      expect(provider.keyRequests).to.equal(1);
      provider.fault = undefined;
      await sleep(500);
      expect(await refusal(verifier, token)).to.equal('accepted');
      const texts = lines.map((line) => String(line.msg));
      expect(texts.filter((text) => text.includes('cannot be read'))).to.have.length(1);
      expect(texts.filter((text) => text.includes('can be read again'))).to.have.length(1);
    });
  }

  it('are verified with the keys known before while the key URL is gone, up to an age', async () => {
    const verifier = verifierOf({}, { refreshMs: 50, maxAgeMs: 2_000, retryMs: 10 });
    const token = await provider.sign();
    expect(await refusal(verifier, token)).to.equal('accepted');
    provider.fault = 'gone';
    await sleep(100);
    expect(await refusal(verifier, token)).to.equal('accepted');
    await sleep(100);
    expect(await refusal(verifier, token)).to.equal('accepted');
    expect(provider.keyRequests).to.be.within(2, 4);
    await sleep(2_000);
    expect(await refusal(verifier, token)).to.equal('unavailable');
  });
});
