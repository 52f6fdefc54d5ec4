import type { ServerAddress } from './client.js';

/** `redis+sentinel://` or `rediss+sentinel://`: user and password of the servers, the Sentinels, name, database. */
const SENTINEL = /^(rediss?)\+sentinel:\/\/(?:([^@/]*)@)?([^@/]+)\/([^/?#]+)(?:\/([^/?#]*))?$/;
const SENTINEL_PORT = 26_379;
/** Path of a Redis URL that names a database. */
const DATABASE = /^(0|[1-9]\d{0,8})?$/;

/** A URL of Sentinels, in its parts. */
export interface SentinelUrl {
  /** URL for user, password, TLS and database of the servers; its host and port mean nothing. */
  readonly server: string;
  readonly addresses: readonly ServerAddress[];
  /** Name of the primary. */
  readonly name: string;
}

/** Whether a URL names Sentinels instead of a server. */
export function namesSentinels(text: string): boolean {
  return /^rediss?\+sentinel:/.test(text);
}

/** Returns the parts of a URL of Sentinels; undefined if it is not written as one. */
export function sentinelUrl(text: string): SentinelUrl | undefined {
  const [, scheme, user, hosts, name, database = ''] = SENTINEL.exec(text) ?? [];
  if (scheme === undefined || hosts === undefined || name === undefined) return undefined;
  const urls = hosts.split(',').map((host) => `redis://${host.trim()}`);
  const server = `${scheme}://${user === undefined ? '' : `${user}@`}sentinel.invalid/${database}`;
  if (![...urls, server].every((each) => URL.canParse(each))) return undefined;
  const addresses = urls.map((each) => {
    const { hostname, port } = new URL(each);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? SENTINEL_PORT : Number(port) };
  });
  return { server, addresses, name: decodeURIComponent(name) };
}

/** Why a Redis URL cannot be used; undefined if it can. */
export function redisUrlProblem(text: string): string | undefined {
  if (namesSentinels(text)) {
    const found = sentinelUrl(text);
    return found === undefined
      ? 'must be written as redis+sentinel://user:password@host:26379,host:26379/name/database'
      : redisUrlProblem(found.server);
  }
  if (!URL.canParse(text)) return 'must be redis://, rediss:// or redis+sentinel:// URLs';
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    return 'must be redis://, rediss:// or redis+sentinel:// URLs';
  if (!DATABASE.test(url.pathname.slice(1)) || url.searchParams.has('db')) {
    return 'the path of a URL is the number of a database, such as redis://127.0.0.1:6379/1';
  }
  if (url.hash !== '') return 'a # in a URL must be written %23';
  const [parameter] = url.searchParams.keys();
  // The library would accept any of its options from there.
  if (parameter !== undefined)
    return `${JSON.stringify(parameter)} is no parameter that is read: there are none`;
  return undefined;
}

/** Whether seed nodes agree in TLS, user and password: those of the first one apply to every node. */
export function seedsAgree(urls: readonly string[]): boolean {
  const shared = urls.map((text) => {
    const { protocol, username, password } = new URL(text);
    return JSON.stringify([protocol, username, password]);
  });
  return new Set(shared).size <= 1;
}

/** Number of the database that connections to these URLs use. The URLs have no {@link redisUrlProblem}. */
export function redisDatabase({ urls }: { readonly urls: readonly string[] }): number {
  return Number(new URL(urls[0] ?? 'redis://localhost').pathname.slice(1));
}
