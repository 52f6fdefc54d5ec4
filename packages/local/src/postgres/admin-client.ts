import pg from 'pg';

/**
 * A connection to a local PostgreSQL as its superuser. Sets every field, because the driver reads missing ones from
 * variables such as `PGSSLMODE` or `PGOPTIONS`, which a developer may have set for another server.
 *
 * @param url of a server that this package started
 * @param database a database other than that of the URL
 */
export function adminClient(url: string, database?: string): pg.Client {
  const { hostname, port, username, password, pathname } = new URL(url);
  const config: pg.ClientConfig & { replication: string } = {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    // A function: with an empty text the driver would look for a password elsewhere.
    password: () => decodeURIComponent(password),
    database: database ?? decodeURIComponent(pathname.slice(1)),
    ssl: false,
    sslnegotiation: 'postgres',
    application_name: 'chorus-local',
    client_encoding: 'UTF8',
    options: '-c search_path=public',
    replication: 'false',
  };
  return new pg.Client(config);
}
