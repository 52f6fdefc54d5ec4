import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@chorus/service';
import { expect } from 'chai';
import { type IssuerConfig, issuersConfig, issuerWarnings } from './issuers.js';

const load = (value: unknown): IssuerConfig[] =>
  issuersConfig({ AUTH_ISSUERS: typeof value === 'string' ? value : JSON.stringify(value) });
const least = { issuer: 'https://id.example', audience: 'chat', jwksUrl: 'https://id.example/jwks' };

describe('AUTH_ISSUERS', () => {
  it('has defaults for all but issuer, audience and keys', () => {
    expect(issuersConfig({})).to.deep.equal([]);
    expect(load([least])).to.deep.equal([
      {
        ...least,
        audience: ['chat'],
        algorithms: ['RS256'],
        claims: { id: 'sub', name: 'preferred_username', avatar: 'picture' },
      },
    ]);
  });

  it('may be a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chorus-issuers-'));
    try {
      const file = join(folder, 'issuers.json');
      writeFileSync(file, JSON.stringify([least]));
      expect(load(file)[0]?.issuer).to.equal(least.issuer);
      writeFileSync(file, '[{]');
      expect(() => load(file)).to.throw(ConfigError, `AUTH_ISSUERS=${file} is not valid JSON`);
      expect(() => load(join(folder, 'none'))).to.throw(
        ConfigError,
        /^AUTH_ISSUERS=.*none cannot be read: ENOENT$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes public keys in PEM and as JSON Web Keys, and no private ones', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const keys = [publicKey.export({ type: 'spki', format: 'pem' }), { ...jwk, kid: 'one' }];
    const { issuer, audience } = least;
    expect(load([{ issuer, audience, keys }])[0]?.keys).to.deep.equal([jwk, { ...jwk, kid: 'one' }]);
    for (const key of [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      privateKey.export({ format: 'jwk' }),
      { kty: 'oct', k: 'c2VjcmV0' },
      { kty: 'RSA' },
      'secret',
    ]) {
      expect(() => load([{ issuer, audience, keys: [key] }])).to.throw(
        ConfigError,
        /^AUTH_ISSUERS is not valid: \[0\]\.keys\[0\]/,
      );
    }
  });

  it('is refused with one line that names the field', () => {
    const wrong: ReadonlyArray<readonly [value: unknown, problem: string]> = [
      ['[', 'AUTH_ISSUERS is not valid JSON: '],
      [[], 'the list '],
      [{}, 'the list is missing or of the wrong type'],
      [[{ ...least, audience: undefined }], '[0].audience must be a string, or a list of strings'],
      [[{ ...least, issuer: '' }], '[0].issuer must not be empty'],
      [[{ ...least, issuer: 'é'.repeat(513) }], '[0].issuer must have at most 1024 bytes'],
      [[{ ...least, jwksUrl: 'ftp://id.example' }], '[0].jwksUrl must be a URL'],
      [[{ ...least, jwksUrl: 'https://me:secret@id.example' }], '[0].jwksUrl must be a URL'],
      [[{ ...least, jwksUrl: undefined }], '[0] needs either jwksUrl or keys'],
      [[{ ...least, algorithms: ['HS256'] }], '[0].algorithms[0] must be one of RS256, PS256, ES256, EdDSA'],
      [[{ ...least, algorithms: ['none'] }], '[0].algorithms[0] must be one of'],
      [[{ ...least, audiance: 'x' }], '[0]'],
      [[least, least], 'the issuer "https://id.example" is there twice'],
    ];
    for (const [value, problem] of wrong) {
      expect(() => load(value), JSON.stringify(value))
        .to.throw(ConfigError)
        .with.property('message')
        .that.includes(problem)
        .and.match(/^AUTH_ISSUERS [^\n]*$/);
    }
  });

  it('warns of keys that travel without TLS', () => {
    expect(issuerWarnings(load([{ ...least, jwksUrl: 'http://id.example/jwks' }]))).to.have.length(1);
    expect(issuerWarnings(load([{ ...least, jwksUrl: 'http://127.0.0.1:1/jwks' }]))).to.deep.equal([]);
    expect(issuerWarnings(load([least]))).to.deep.equal([]);
  });
});
