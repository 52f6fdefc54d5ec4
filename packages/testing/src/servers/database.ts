import { adminClient, createDatabase, type LocalServer, startPostgres } from '@chorus/local';

/** A database that is prepared once per server; tests get copies of it. */
export interface TestTemplate {
  /** Identifies the template on the server. */
  readonly name: string;
  /** Fills an empty database. */
  prepare(url: string): Promise<unknown>;
}

let shared: Promise<string> | undefined;

/**
 * Creates a database on the server of `TEST_POSTGRES_URL`, or else on one that all suites of this process share and that
 * ends with it. The database is empty, or a copy of `template`.
 * @returns its URL
 */
export async function testDatabase(template?: TestTemplate): Promise<string> {
  shared ??= serverUrl();
  const url = await shared;
  if (template === undefined) return createDatabase(url);
  await ensureTemplate(url, template);
  return createDatabase(url, template.name);
}

/** Starts a server for the tests of several processes, to be passed to them as `TEST_POSTGRES_URL`. */
export function startTestPostgres(): Promise<LocalServer> {
  return startPostgres({ settings: ['max_connections=500'] });
}

async function serverUrl(): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return given;
  const server = await startPostgres();
  server.unref();
  return server.url;
}

const prepared = new Map<string, Promise<void>>();

function ensureTemplate(serverUrl: string, template: TestTemplate): Promise<void> {
  const known = prepared.get(template.name);
  if (known !== undefined) return known;
  const preparing = prepareOnce(serverUrl, template);
  prepared.set(template.name, preparing);
  return preparing;
}

/** Other processes may prepare the same template at this moment. */
async function prepareOnce(serverUrl: string, { name, prepare }: TestTemplate): Promise<void> {
  const client = adminClient(serverUrl, 'postgres');
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    const unfinished = new URL(await createDatabase(serverUrl));
    await prepare(unfinished.href);
    // Only when it is complete it has the name, and nothing may connect to it: sessions would prevent copies.
    await client.query(`ALTER DATABASE "${unfinished.pathname.slice(1)}" RENAME TO "${name}"`);
    await client.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
  } finally {
    await client.end();
  }
}
