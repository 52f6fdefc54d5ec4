import { generateKeyPairSync, sign } from 'node:crypto';

const ISSUER = { issuer: 'https://id.example', audience: 'chorus', algorithms: ['ES256'] };
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Settings with which a server exchanges the tokens of {@link identityToken}. */
export const ISSUER_SETTINGS = {
  AUTH_ISSUERS: JSON.stringify([{ ...ISSUER, keys: [publicKey.export({ type: 'spki', format: 'pem' })] }]),
};

/** Returns a token of an identity provider, valid for ten minutes. */
export function identityToken(claims: object): string {
  const { issuer: iss, audience: aud } = ISSUER;
  const parts = [{ alg: 'ES256' }, { iss, aud, exp: Math.floor(Date.now() / 1_000) + 600, ...claims }];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
