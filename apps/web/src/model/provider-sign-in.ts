import { ChorusError, type Member } from '@chorus/client';

/** An identity provider by which users may sign in. */
export interface Provider {
  readonly issuer: string;
  readonly name: string;
  readonly clientId: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
}

export interface SignInMethods {
  readonly passwords: boolean;
  readonly providers: readonly Provider[];
}

/** What the page must know again when the provider has sent the user back. */
interface Begun {
  readonly provider: Provider;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly hash: string;
}

const BEGUN = 'chorus:sign-in';

/** Returns the ways to sign in: passwords alone if the API does not answer. */
export async function signInMethods(): Promise<SignInMethods> {
  try {
    return await json(await fetch('/api/sign-in'));
  } catch {
    return { passwords: true, providers: [] };
  }
}

/** Leaves the page for that of the provider: authorization code with PKCE (RFC 7636). */
export async function beginSignIn(provider: Provider): Promise<void> {
  const begun: Begun = {
    provider,
    verifier: random(),
    state: random(),
    nonce: random(),
    hash: location.hash,
  };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier));
  const url = new URL(provider.authorizationUrl);
  const query = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: here(),
    scope: provider.scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url);
}

/**
 * Completes a sign-in if the provider has sent the user back to this page.
 * @returns undefined if it has not
 * @throws {ChorusError} (rejects) the sign-in has failed
 */
export async function finishSignIn(): Promise<Member | undefined> {
  const answer = new URLSearchParams(location.search);
  const state = answer.get('state');
  if (state === null) return undefined;
  const stored = sessionStorage.getItem(BEGUN);
  sessionStorage.removeItem(BEGUN);
  const begun: Begun | undefined = stored === null ? undefined : JSON.parse(stored);
  // A code works once: reloading the page must not send it again.
  history.replaceState(null, '', here() + (begun?.hash ?? ''));
  const code = answer.get('code');
  const issuer = answer.get('iss');
  if (begun?.state !== state || code === null || (issuer ?? begun.provider.issuer) !== begun.provider.issuer)
    throw failed(answer.get('error_description') ?? answer.get('error'));
  const { provider, verifier, nonce } = begun;
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: provider.clientId,
    redirect_uri: here(),
    code,
    code_verifier: verifier,
  });
  const { id_token: token } = await json<{ id_token?: string }>(
    await fetch(provider.tokenUrl, { method: 'POST', body }),
  );
  // The token is that of this sign-in, and of no other. The API checks all else.
  if (token === undefined || !payload(token).includes(JSON.stringify(nonce))) throw failed();
  return json(
    await fetch('/api/users/exchange', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    }),
  );
}

async function json<T>(response: Response): Promise<T> {
  const body = await response.json();
  if (!response.ok) throw failed(body.error_description ?? body.error);
  return body;
}

function failed(why?: string | null): ChorusError {
  return new ChorusError('unauthenticated', `Signing in did not work${why ? `: ${why}` : ''}`);
}

function payload(token: string): string {
  return atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
}

function here(): string {
  return location.origin + location.pathname;
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
