import type { LocalServer } from '../local-server.js';
import { createDatabase, startPostgres } from '../postgres/server.js';

let shared: Promise<LocalServer> | undefined;

/** @returns the URL of an empty database, on a server that this process shares and that ends with it */
export async function testDatabase(): Promise<string> {
  shared ??= startPostgres().then((server) => {
    server.unref();
    return server;
  });
  return createDatabase((await shared).url);
}
