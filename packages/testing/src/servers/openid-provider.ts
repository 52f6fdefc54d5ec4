import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Configuration, default as Provider } from 'oidc-provider';

/** A user of the provider, with the claims of the ID token. */
export interface OpenIdUser {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly picture?: string;
}

type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
const ALGORITHMS: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** What the key URL does instead of answering with the keys. */
export type KeyFault = 'slow' | 'slow body' | 'large' | 'gone' | 'redirect' | 'no JSON';

const CALLBACK = 'http://127.0.0.1:1/callback';
/** Where the chat page is, on any port: that of a native client's loopback address does not count (RFC 8252, section 7.3). */
const PAGE = 'http://127.0.0.1/';
const LARGE_BYTES = 8 * 2 ** 20;

/** A key pair as JSON Web Key. */
async function newKey(alg: Algorithm): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomBytes(6).toString('hex') };
}

/** Starts an OpenID provider (`oidc-provider`) on a free port of this machine. */
export async function startTestOpenIdProvider(): Promise<TestOpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider = new TestOpenIdProvider(server);
  await provider.rotateKeys();
  return provider;
}

/** A real OpenID provider with users who sign in without a password: the next one is {@link user}. */
export class TestOpenIdProvider {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  /** Who signs in next. */
  user: OpenIdUser = { sub: 'ann', preferred_username: 'ann' };
  /** What the key URL does instead of answering; undefined: it answers. */
  fault: KeyFault | undefined;
  /** Number of requests to the key URL. */
  keyRequests = 0;
  /** Number of all requests. */
  requests = 0;
  #keys: JWK[] = [];
  #provider: Provider | undefined;

  constructor(private readonly server: Server) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.jwksUrl = `${this.issuer}/jwks`;
    this.authorizationUrl = `${this.issuer}/auth`;
    this.tokenUrl = `${this.issuer}/token`;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  /** Replaces all keys by new ones. */
  async rotateKeys(): Promise<void> {
    this.#keys = await Promise.all(ALGORITHMS.map(newKey));
    const { default: Provider } = await import('oidc-provider');
    const provider = new Provider(this.issuer, this.#configuration());
    provider.use(async (ctx, next) => {
      if (!ctx.path.startsWith('/interaction/')) return next();
      const { prompt } = await provider.interactionDetails(ctx.req, ctx.res);
      const result = prompt.name === 'login' ? { login: { accountId: this.user.sub } } : { consent: {} };
      await provider.interactionFinished(ctx.req, ctx.res, result);
      ctx.respond = false;
    });
    this.#provider = provider;
  }

  /** Returns an ID token of {@link user}, by the authorization code flow with PKCE. */
  async idToken(alg: Algorithm = 'RS256'): Promise<string> {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      ...{ client_id: alg, response_type: 'code', scope: 'openid profile', redirect_uri: CALLBACK },
      ...{ code_challenge_method: 'S256', nonce: 'nonce' },
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    const cookies = new Map<string, string>();
    let url = `${this.authorizationUrl}?${query}`;
    while (!url.startsWith(CALLBACK)) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const set of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${response.status} ${await response.text()}`);
      url = new URL(location, url).href;
    }
    const body = new URLSearchParams({
      ...{
        grant_type: 'authorization_code',
        client_id: alg,
        redirect_uri: CALLBACK,
        code_verifier: verifier,
      },
      code: new URL(url).searchParams.get('code') ?? '',
    });
    const answer = (await (await fetch(this.tokenUrl, { method: 'POST', body })).json()) as {
      id_token?: string;
    };
    if (answer.id_token === undefined) throw new Error(JSON.stringify(answer));
    return answer.id_token;
  }

  /** Signs any claims with a key of the provider. `iss`, `aud`, `sub`, `iat` and `exp` have valid defaults; undefined leaves one out. */
  async sign(
    claims: object = {},
    alg: Algorithm = 'RS256',
    header: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const key = this.privateKey(alg);
    const now = Math.floor(Date.now() / 1_000);
    const payload: Record<string, unknown> = {
      iss: this.issuer,
      aud: alg,
      ...this.user,
      iat: now,
      exp: now + 600,
      ...claims,
    };
    return new SignJWT(payload)
      .setProtectedHeader({ alg, ...(key.kid !== undefined && { kid: key.kid }), ...header })
      .sign(await importJWK(key, alg));
  }

  /** The key with which the provider signs. */
  privateKey(alg: Algorithm): JWK {
    const key = this.#keys.find((one) => one.alg === alg);
    if (key === undefined) throw new Error(`there is no key for ${alg}`);
    return key;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests++;
    if (request.url === '/jwks') {
      this.keyRequests++;
      if (this.fault !== undefined) {
        answerFaulty(this.fault, request, response);
        return;
      }
    }
    this.#provider?.callback()(request, response);
  }

  #configuration(): Configuration {
    return {
      jwks: { keys: this.#keys },
      clients: [
        ...ALGORITHMS.map((alg) => ({
          client_id: alg,
          redirect_uris: [CALLBACK],
          id_token_signed_response_alg: alg,
          token_endpoint_auth_method: 'none' as const,
        })),
        {
          client_id: 'page',
          application_type: 'native' as const,
          redirect_uris: [PAGE],
          token_endpoint_auth_method: 'none' as const,
        },
      ],
      claims: { openid: ['sub'], profile: ['preferred_username', 'picture'] },
      // Otherwise claims are not in the ID token but at another URL.
      conformIdTokenClaims: false,
      clientBasedCORS: () => true,
      cookies: { keys: [randomBytes(16).toString('hex')] },
      enabledJWA: { idTokenSigningAlgValues: [...ALGORITHMS] },
      features: { devInteractions: { enabled: false } },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...this.user, sub }) }),
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
      loadExistingGrant: async (ctx) => {
        const { client, session, provider } = ctx.oidc;
        const grant = new provider.Grant({
          clientId: client?.clientId ?? '',
          accountId: session?.accountId ?? '',
        });
        grant.addOIDCScope('openid profile');
        await grant.save();
        return grant;
      },
      ttl: { Grant: 600, Interaction: 600, Session: 600, IdToken: 600, AccessToken: 600 },
    };
  }
}

function answerFaulty(fault: KeyFault, request: IncomingMessage, response: ServerResponse): void {
  switch (fault) {
    case 'slow':
      return;
    case 'slow body':
      response.writeHead(200).write('{');
      return;
    case 'large':
      response.writeHead(200).end(JSON.stringify({ keys: [{ kty: 'RSA', n: 'x'.repeat(LARGE_BYTES) }] }));
      return;
    case 'gone':
      request.socket.destroy();
      return;
    case 'redirect':
      response.writeHead(302, { location: '/elsewhere' }).end();
      return;
    case 'no JSON':
      response.writeHead(200).end('<html>');
      return;
    default:
      fault satisfies never;
  }
}
