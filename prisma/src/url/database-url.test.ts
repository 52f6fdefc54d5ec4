import { userInfo } from 'node:os';
import { ConfigError } from '@chorus/service';
import { makeTestCertificates, type TestCertificates } from '@chorus/testing';
import { expect } from 'chai';
import { databaseUrl } from '../settings.js';
import { parseDatabaseUrl } from './database-url.js';

const URL_OK = 'postgresql://ann:p%40ss@db.example:6543/chat';

describe('DATABASE_URL', () => {
  let certificates: TestCertificates;
  before(async () => {
    certificates = await makeTestCertificates();
  });
  after(() => certificates.close());

  function refused(url: string): string {
    try {
      parseDatabaseUrl(url);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      const { message } = error as Error;
      expect(message).to.match(/^DATABASE_URL is not valid: [^\n]+$/);
      expect(message).not.to.include('p%40ss').and.not.to.include('p@ss');
      return message;
    }
    throw new Error(`${url} was accepted`);
  }

  it('contains the server, the user and the schema', () => {
    expect(parseDatabaseUrl(URL_OK)).to.deep.equal({
      host: 'db.example',
      port: 6543,
      user: 'ann',
      password: 'p@ss',
      database: 'chat',
      schema: 'public',
      tls: false,
      directTls: false,
      applicationName: undefined,
      options: undefined,
      pooled: false,
    });
    const more = parseDatabaseUrl(
      'postgres://localhost/chat?user=ann&host=%2Frun%2Fpostgresql&schema=Chat_1&pgbouncer=true&options=-c%20geqo%3Doff&application_name=x',
    );
    expect(more).to.include({
      user: 'ann',
      password: '',
      host: '/run/postgresql',
      port: 5432,
      schema: 'Chat_1',
    });
    expect(more).to.include({ pooled: true, options: '-c geqo=off', applicationName: 'x' });
    expect(parseDatabaseUrl('postgres://ann@[::1]/chat').host).to.equal('::1');
    const least = parseDatabaseUrl('postgres:///');
    expect(least).to.include({ host: 'localhost', user: userInfo().username, database: least.user });
  });

  it('is refused with parameters that would have no effect, and the error names the replacement', () => {
    for (const [parameters, message] of [
      ['search_path=chat', /"search_path" is no parameter that is read: use schema/],
      ['connection_limit=5', /connection_limit.*DATABASE_POOL_SIZE/],
      ['connect_timeout=5', /connect_timeout.*DATABASE_TIMEOUT_MS/],
      ['sslaccept=strict', /sslaccept.*sslmode/],
      ['nonsense=1', /"nonsense" is no parameter/],
      ['schema=a&schema=b', /schema stands in it twice/],
      ['schema=', /schema must be/],
      ['schema=a"b', /schema must be/],
      ['schema=1a', /schema must be/],
      [`schema=${'a'.repeat(64)}`, /schema must be/],
      ['options=-c%20search_path%3Dchat', /options sets search_path, which Chorus sets itself: use schema/],
      ['options=-cTimeZone=CET', /options sets timezone/],
      ['options=--statement-timeout=5', /options sets statement_timeout.*DATABASE_TIMEOUT_MS/],
      ['target_session_attrs=read-write', /target_session_attrs=read-write: only any/],
      ['channel_binding=require', /channel_binding=require/],
      ['client_encoding=LATIN1', /client_encoding=LATIN1/],
      ['pgbouncer=yes', /pgbouncer=yes/],
      [
        'sslmode=prefer',
        /sslmode=prefer: it must be one of disable, require, verify-ca, verify-full, no-verify/,
      ],
      ['sslmode=allow', /sslmode=allow/],
      ['sslmode=verify-ca', /verify-ca needs sslrootcert/],
      ['ssl=maybe', /ssl=maybe: use sslmode/],
      ['sslrootcert=/nowhere/ca.pem', /sslrootcert=\/nowhere\/ca.pem cannot be read: ENOENT/],
      ['sslnegotiation=direct', /direct needs an sslmode/],
      ['port=0', /port must be/],
    ] as const) {
      expect(refused(`${URL_OK}?${parameters}`), parameters).to.match(message);
    }
    for (const [url, message] of [
      ['postgresql://ann:p%40ss@db.example/chat#x', /%23/],
      ['postgresql://ann:100%@db.example/chat', /%25/],
      ['nonsense', /must be a URL/],
    ] as const) {
      expect(refused(url), url).to.match(message);
    }
  });

  it('reads certificates, and refuses those that do not match', () => {
    const { ca, client, server } = certificates;
    const tls = (parameters: string) => parseDatabaseUrl(`${URL_OK}?${parameters}`).tls;
    expect(tls('sslmode=disable')).to.equal(false);
    expect(tls('ssl=false')).to.equal(false);
    expect(tls('sslmode=require')).to.deep.equal({ rejectUnauthorized: true });
    expect(tls('ssl=true')).to.deep.equal({ rejectUnauthorized: true });
    expect(tls('sslmode=verify-full&sslrootcert=system')).to.deep.equal({ rejectUnauthorized: true });
    expect(tls('sslmode=no-verify')).to.deep.equal({ rejectUnauthorized: false });
    for (const mode of ['require', 'verify-ca']) {
      const own = tls(`sslmode=${mode}&sslrootcert=${ca}`);
      expect(own)
        .to.include({ rejectUnauthorized: true })
        .and.to.have.keys('ca', 'rejectUnauthorized', 'checkServerIdentity');
    }
    expect(tls(`sslrootcert=${ca}`)).to.have.keys('ca', 'rejectUnauthorized');
    expect(tls(`sslcert=${client.cert}&sslkey=${client.key}`)).to.have.keys(
      'cert',
      'key',
      'rejectUnauthorized',
    );
    for (const [parameters, message] of [
      [`sslcert=${client.cert}`, /sslcert and sslkey need each other/],
      [`sslcert=${client.cert}&sslkey=${server.key}`, /its certificates cannot be used/],
      [`sslrootcert=${ca}&sslmode=disable`, /disable does not go with/],
      [`sslrootcert=${ca}&sslmode=no-verify`, /no-verify does not go with/],
      ['sslrootcert=/etc/hostname', /no certificate in PEM/],
    ] as const) {
      expect(refused(`${URL_OK}?${parameters}`), parameters).to.match(message);
    }
  });

  it('takes the files of the settings, once', () => {
    const { ca, client } = certificates;
    const files = { DATABASE_CA_FILE: ca, DATABASE_CERT_FILE: client.cert, DATABASE_KEY_FILE: client.key };
    const { tls } = parseDatabaseUrl(databaseUrl({ DATABASE_URL: URL_OK, ...files }, {}));
    expect(tls).to.have.keys('ca', 'cert', 'key', 'rejectUnauthorized');
    expect(() => databaseUrl({ DATABASE_URL: `${URL_OK}?sslrootcert=${ca}`, ...files }, {})).to.throw(
      ConfigError,
      'DATABASE_CA_FILE and sslrootcert in DATABASE_URL are both set',
    );
  });

  it('is the only source: variables that would complete it stop the start', () => {
    const load = (url: string, env: Record<string, string>) => () => databaseUrl({ DATABASE_URL: url }, env);
    expect(load(URL_OK, { PGSSLMODE: 'require' })).to.throw(
      ConfigError,
      'PGSSLMODE is set, but only DATABASE_URL is read: put sslmode into it, or unset PGSSLMODE',
    );
    expect(load('postgres://ann@db/chat', { PGPASSWORD: 'x' })).to.throw(ConfigError, /^PGPASSWORD is set/);
    expect(load('postgres://db/chat', { PGUSER: 'x' })).to.throw(ConfigError, /^PGUSER is set/);
    expect(load('postgres://ann@db/chat', { PGPORT: '1' })).to.throw(ConfigError, /^PGPORT is set/);
    expect(load(URL_OK, { PGOPTIONS: '-c geqo=off' })).to.throw(ConfigError, /^PGOPTIONS is set/);
    for (const [url, env] of [
      [`${URL_OK}?sslmode=disable`, { PGSSLMODE: 'require' }],
      [
        URL_OK,
        {
          PGPASSWORD: 'x',
          PGHOST: 'elsewhere',
          PGUSER: 'bob',
          PGDATABASE: 'other',
          PGPORT: '1',
          PGSSLMODE: '',
        },
      ],
    ] as const) {
      expect(load(url, env)()).to.equal(url);
    }
  });
});
