import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalServer, startPostgres } from '@chorus/local';
import { makeTestCertificates, patiently, silentLog, type TestCertificates } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { createDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';

/**
 * `secured` requires a certificate with its name, `encrypted` requires TLS; the superuser is for the test itself.
 */
const RULES = [
  'hostssl all secured 127.0.0.1/32 cert',
  'hostssl all all 127.0.0.1/32 trust',
  'hostnossl all chorus 127.0.0.1/32 trust',
  'host all all all reject',
].join('\n');

describe('a connection to PostgreSQL with TLS', function () {
  this.timeout(60_000);
  let certificates: TestCertificates;
  let server: LocalServer;
  let elsewhere: LocalServer;

  before(async () => {
    certificates = await makeTestCertificates('secured');
    const rules = join(certificates.folder, 'pg_hba.conf');
    await writeFile(rules, `${RULES}\n`, { mode: 0o644 });
    const start = ({ cert, key }: { cert: string; key: string }) =>
      startPostgres({
        settings: [
          'ssl=on',
          `ssl_cert_file=${cert}`,
          `ssl_key_file=${key}`,
          `ssl_ca_file=${certificates.ca}`,
          `hba_file=${rules}`,
        ],
      });
    server = await start(certificates.server);
    elsewhere = await start(certificates.elsewhere);
    for (const { url } of [server, elsewhere]) {
      const client = new Client({ connectionString: url });
      await client.connect();
      for (const role of ['secured', 'encrypted']) {
        await client.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON DATABASE chorus TO ${role}`);
      }
      await client.query('CREATE SCHEMA chat; GRANT ALL ON SCHEMA chat TO PUBLIC');
      await client.end();
    }
  });
  after(async () => {
    await server?.close();
    await elsewhere?.close();
    await certificates?.close();
  });

  /** Returns the version of TLS, or why there is no connection. */
  async function connect(
    target: LocalServer,
    role: string,
    parameters: string,
    host = '127.0.0.1',
  ): Promise<string> {
    const url = new URL(target.url);
    url.username = role;
    url.hostname = host;
    const db = createDatabase(`${url.href}?${parameters}`, { poolSize: 1, timeoutMs: patiently(10_000) });
    try {
      const [row] = await db.$queryRaw<Array<{ version: string | null }>>`
        SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
      return row?.version ?? 'no TLS';
    } catch (error) {
      return String(error);
    } finally {
      await db.$disconnect();
    }
  }

  it('uses a custom CA, for the host that the certificate names', async () => {
    const { ca, otherCa } = certificates;
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const parameters = (file: string) => `sslmode=${mode}&sslrootcert=${file}`;
      expect(await connect(server, 'encrypted', parameters(ca)), mode).to.match(/^TLSv1/);
      expect(await connect(server, 'encrypted', parameters(ca), 'localhost'), mode).to.match(/^TLSv1/);
      expect(await connect(server, 'encrypted', parameters(otherCa)), mode).to.match(/certificate/i);
    }
    expect(await connect(server, 'encrypted', `sslrootcert=${ca}&sslnegotiation=direct`)).to.match(/^TLSv1/);
  });

  it('compares the host name with verify-full, but not with verify-ca, nor with require and a CA', async () => {
    const { ca } = certificates;
    expect(await connect(elsewhere, 'encrypted', `sslmode=verify-full&sslrootcert=${ca}`)).to.match(
      /altnames/,
    );
    expect(await connect(elsewhere, 'encrypted', `sslrootcert=${ca}`)).to.match(/altnames/);
    for (const mode of ['verify-ca', 'require']) {
      expect(await connect(elsewhere, 'encrypted', `sslmode=${mode}&sslrootcert=${ca}`), mode).to.match(
        /^TLSv1/,
      );
    }
  });

  it("trusts the system's CAs without a custom CA, and skips verification with no-verify", async () => {
    for (const parameters of [
      'sslmode=require',
      'sslmode=verify-full',
      'ssl=true',
      'sslmode=verify-full&sslrootcert=system',
    ]) {
      expect(await connect(server, 'encrypted', parameters), parameters).to.match(/certificate/i);
    }
    expect(await connect(elsewhere, 'encrypted', 'sslmode=no-verify')).to.match(/^TLSv1/);
  });

  it('presents the client’s certificate', async () => {
    const { ca, client, server: other } = certificates;
    const own = `sslrootcert=${ca}&sslcert=${client.cert}&sslkey=${client.key}`;
    expect(await connect(server, 'secured', own)).to.match(/^TLSv1/);
    expect(await connect(server, 'secured', `sslrootcert=${ca}`)).to.match(/certificate/);
    const wrong = `sslrootcert=${ca}&sslcert=${other.cert}&sslkey=${other.key}`;
    expect(await connect(server, 'secured', wrong)).to.match(/certificate authentication failed/);
  });

  it('is not made without TLS to a server that requires it, nor with TLS to one without', async () => {
    expect(await connect(server, 'encrypted', 'sslmode=disable')).to.match(/pg_hba|rejects/);
    const plain = await startPostgres();
    try {
      expect(await connect(plain, 'chorus', 'sslmode=no-verify')).to.match(/does not support SSL/);
      expect(await connect(plain, 'chorus', '')).to.equal('no TLS');
    } finally {
      await plain.close();
    }
  });

  it('serves the migrations too', async () => {
    const url = new URL(server.url);
    url.username = 'secured';
    const { ca, client } = certificates;
    const parameters = `sslmode=verify-full&sslrootcert=${ca}&sslcert=${client.cert}&sslkey=${client.key}&schema=chat`;
    expect(await migrate(`${url.href}?${parameters}`, silentLog)).to.have.length.greaterThan(0);
  });
});

describe('variables of PostgreSQL’s own programs', function () {
  this.timeout(60_000);
  const VARIABLES = {
    PGSSLMODE: 'verify-full',
    PGSSLNEGOTIATION: 'direct',
    PGOPTIONS: '-c nonsense=1',
    PGHOST: 'nowhere.invalid',
    PGHOSTADDR: '192.0.2.1',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    PGDATABASE: 'nothing',
    PGAPPNAME: 'x',
    PGCLIENTENCODING: 'LATIN1',
    PGCLIENT_ENCODING: 'LATIN1',
    PGREPLICATION: 'database',
    PGCONNECT_TIMEOUT: '0',
    PGBINARY: 'true',
    PGTZ: 'CET',
    PGDATESTYLE: 'German',
    PGPASSFILE: '/nowhere',
    PGSERVICE: 'nothing',
  };

  it('have no effect on a server started here or on a connection', async () => {
    const before = { ...process.env };
    Object.assign(process.env, VARIABLES);
    try {
      const server = await startPostgres();
      try {
        await migrate(server.url, silentLog);
        const db = createDatabase(server.url, { poolSize: 1, timeoutMs: patiently(10_000) });
        const [row] = await db.$queryRaw<unknown[]>`
          SELECT current_user::text AS who, current_setting('application_name') AS app, current_setting('TimeZone') AS zone`;
        expect(row).to.deep.equal({ who: 'chorus', app: 'chorus', zone: 'UTC' });
        await db.$disconnect();
      } finally {
        await server.close();
      }
    } finally {
      for (const name of Object.keys(VARIABLES)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});
