import { userInfo } from 'node:os';
import { ConfigError } from '@chorus/service';
import { readTls, type Tls } from './tls.js';

/** The parsed content of a `DATABASE_URL`. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Schema of all tables. */
  readonly schema: string;
  /** False for a connection without TLS. */
  readonly tls: Tls | false;
  readonly directTls: boolean;
  readonly applicationName: string | undefined;
  /** Command-line options for the server; none sets a setting of {@link OWN_SETTINGS}. */
  readonly options: string | undefined;
  /** Whether a pooler assigns connections per transaction, so that settings of a session do not last. */
  readonly pooled: boolean;
}

/** Supported parameters of a URL; {@link parseDatabaseUrl} documents the less obvious ones. */
const PARAMETERS = new Set([
  'application_name',
  'channel_binding',
  'client_encoding',
  'host',
  'options',
  'password',
  'pgbouncer',
  'port',
  'schema',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslpassword',
  'sslrootcert',
  'target_session_attrs',
  'user',
]);

/** Replacements for parameters that other programs support. */
const INSTEAD: Readonly<Record<string, string>> = {
  connect_timeout: 'set DATABASE_TIMEOUT_MS',
  connection_limit: 'set DATABASE_POOL_SIZE',
  currentSchema: 'use schema',
  pool_timeout: 'set DATABASE_TIMEOUT_MS',
  query_timeout: 'set DATABASE_TIMEOUT_MS',
  search_path: 'use schema',
  socket_timeout: 'set DATABASE_TIMEOUT_MS',
  sslaccept: 'use sslmode',
  sslidentity: 'use sslcert and sslkey',
  statement_timeout: 'set DATABASE_TIMEOUT_MS',
};

/** Settings of the server that Chorus sets for each session or transaction, in lower case. */
const OWN_SETTINGS = new Set([
  'array_nulls',
  'client_encoding',
  'datestyle',
  'default_transaction_isolation',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'search_path',
  'standard_conforming_strings',
  'statement_timeout',
  'timezone',
]);

/** PostgreSQL truncates longer names. Without quotes in it, the name is safe in any statement. */
const SCHEMA = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

/**
 * Parses a URL of PostgreSQL, and reads the files that it names. Every parameter is honoured or refused; environment
 * variables such as `PGSSLMODE` are not read.
 *
 * - `schema`: schema of the tables, default `public`;
 * - `sslmode`, `sslrootcert`, `sslcert`, `sslkey`: see {@link readTls};
 * - `host`: also a folder with the server's Unix socket;
 * - `pgbouncer=true`: a pooler in transaction mode is in front. It is detected without this parameter too.
 *
 * @throws {ConfigError} one line that names the fault and shows no secret
 */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  const url = URL.canParse(text)
    ? new URL(text)
    : refuse('must be a URL starting with postgresql:// or postgres://');
  if (url.hash !== '') refuse('has a # in it, which must be written %23');
  const given = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!PARAMETERS.has(name)) refuse(`${JSON.stringify(name)} is no parameter that is read${hint(name)}`);
    if (given.has(name)) refuse(`${name} stands in it twice`);
    given.set(name, value);
  }
  const oneOf = (name: string, ...allowed: string[]): string | undefined => {
    const value = given.get(name);
    if (value === undefined || allowed.includes(value)) return value;
    return refuse(`${name}=${value}: only ${allowed.join(' and ')} can be had`);
  };
  oneOf('channel_binding', 'disable', 'prefer');
  oneOf('client_encoding', 'UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto');
  oneOf('target_session_attrs', 'any');
  const directTls = oneOf('sslnegotiation', 'postgres', 'direct') === 'direct';
  const tls = readTls(given, refuse);
  if (directTls && tls === false) refuse('sslnegotiation=direct needs an sslmode with TLS');

  // The defaults of PostgreSQL's own programs.
  const user = (given.get('user') ?? decoded(url.username)) || userInfo().username;
  const database = decoded(url.pathname.slice(1)) || user;
  const host = (given.get('host') ?? decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'))) || 'localhost';
  const schema = given.get('schema') ?? 'public';
  if (!SCHEMA.test(schema))
    refuse('schema must be 1 to 63 letters, digits, _ and $, not beginning with a digit');
  return {
    host,
    port: portOf(given.get('port') ?? url.port),
    user,
    password: given.get('password') ?? decoded(url.password),
    database,
    schema,
    tls,
    directTls,
    applicationName: given.get('application_name') || undefined,
    options: optionsOf(given.get('options')),
    pooled: oneOf('pgbouncer', 'true', 'false') === 'true',
  };
}

function refuse(what: string): never {
  throw new ConfigError(`DATABASE_URL is not valid: ${what}`);
}

function hint(name: string): string {
  const instead = INSTEAD[name];
  return instead === undefined ? '' : `: ${instead}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('has a % that does not begin an encoded character; write %25');
  }
}

function portOf(text: string): number {
  if (text === '') return 5432;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : refuse('port must be a number from 1 to 65535');
}

function optionsOf(text: string | undefined): string | undefined {
  for (const [, name = ''] of text?.matchAll(/(?:-c\s*|--)([A-Za-z0-9_.-]+)\s*=/g) ?? []) {
    const setting = name.toLowerCase().replaceAll('-', '_');
    if (OWN_SETTINGS.has(setting)) {
      refuse(`options sets ${setting}, which Chorus sets itself${hint(setting)}`);
    }
  }
  return text?.trim() || undefined;
}
