import pg from 'pg';

/**
 * A connection to a PostgreSQL of this machine, as its superuser. Every field is set, because the driver reads each that is
 * not from variables such as `PGSSLMODE` or `PGOPTIONS`, which a developer may have set for another server.
 *
 * @param url of a server that this package started
 * @param database another one than that of the URL
 */
export function adminClient(url: string, database?: string): pg.Client {
  const { hostname, port, username, password, pathname } = new URL(url);
  const config: pg.ClientConfig & { replication: string } = {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    // A function: an empty text would make the driver look for one elsewhere.
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
