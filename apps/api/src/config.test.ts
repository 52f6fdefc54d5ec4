import { redisDatabase } from '@chorus/redis';
import { ConfigError, type Environment } from '@chorus/service';
import { expect } from 'chai';
import { apiSettings, loadApiConfig, loadStoreConfig, storeSettings } from './config.js';

describe('loadApiConfig', () => {
  it('needs no settings outside of production', () => {
    const config = loadApiConfig({});
    expect(config).to.deep.include({ port: 3000, trustedProxies: 0, allowedOrigins: [] });
    expect(config.bcrypt.cost).to.equal(10);
    expect(config.cookie).to.deep.equal({ secure: 'auto', sameSite: 'lax', production: false });
  });

  it('needs a long secret in production', () => {
    expect(() => loadApiConfig({ NODE_ENV: 'production' })).to.throw(ConfigError, 'JWT_SECRET is not set');
  });

  it('names the variable, the value and what is allowed', () => {
    const cases: Array<[Environment, string]> = [
      [{ PORT: '70000' }, 'PORT="70000" is not valid: must be a whole number from 0 to 65535'],
      [{ COOKIE_SECURE: 'yes' }, 'COOKIE_SECURE="yes" is not valid: must be one of auto, true, false'],
      [{ COOKIE_SAMESITE: 'Lax' }, 'COOKIE_SAMESITE="Lax" is not valid: must be one of strict, lax, none'],
      [{ COOKIE_SAMESITE: 'none' }, 'COOKIE_SAMESITE="none" is not valid: it needs COOKIE_SECURE=true'],
      [
        { ALLOWED_ORIGINS: 'https://a.example, b.example' },
        'ALLOWED_ORIGINS="https://a.example, b.example" is not valid: must be origins such as https://chat.example.com, https://*.example.com (any name below it) or capacitor://localhost, or null, or *',
      ],
      [
        { ALLOWED_ORIGINS: 'https://a.example,https://*.com' },
        'is not valid: "https://*.com": * must be the first label of an http or https host',
      ],
      [
        { ALLOWED_ORIGINS: 'wss://a.example' },
        'is not valid: "wss://a.example": is the address of a socket: the origin of a page begins with http',
      ],
      [{ ALLOWED_ORIGINS: 'https://a.example/' }, 'must be origins'],
      [{ TRUST_PROXY: 'true' }, 'TRUST_PROXY="true" is not valid: must be a whole number from 0 to 16'],
      [{ BCRYPT_COST: '3' }, 'BCRYPT_COST="3" is not valid: must be a whole number from 4 to 16'],
      [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL="loud" is not valid: must be one of fatal, error'],
      [{ NODE_ID: 'a b' }, 'NODE_ID="a b" is not valid: must be 1 to 64 letters'],
      [{ SIGNIN_FAILURES_PER_ACCOUNT: '0' }, 'SIGNIN_FAILURES_PER_ACCOUNT="0" is not valid'],
    ];
    for (const [env, message] of cases) {
      expect(() => loadApiConfig(env), JSON.stringify(env)).to.throw(ConfigError, message);
    }
  });

  it('reads lists', () => {
    const { allowedOrigins } = loadApiConfig({
      ALLOWED_ORIGINS: 'https://a.example, http://localhost:5173,',
    });
    expect(allowedOrigins).to.deep.equal(['https://a.example', 'http://localhost:5173']);
  });
});

describe('loadStoreConfig', () => {
  it('needs the address of PostgreSQL, and never shows its password', () => {
    expect(() => loadStoreConfig({})).to.throw(ConfigError, 'DATABASE_URL is not set');
    expect(() => loadStoreConfig({ DATABASE_URL: 'mysql://me:hunter2@db/x' }))
      .to.throw(ConfigError, /^DATABASE_URL is not valid: must be a URL starting with postgresql/)
      .with.property('message')
      .that.does.not.include('hunter2');
  });

  it('accepts one or more URLs of Redis', () => {
    const load = (REDIS_URL: string) => loadStoreConfig({ DATABASE_URL: 'postgresql://db/x', REDIS_URL });
    expect(load('rediss://b:2/').redis.urls).to.deep.equal(['rediss://b:2/']);
    for (const value of ['localhost:6379', 'redis://a:1,b:2', 'http://a', ',']) {
      expect(() => load(value), value).to.throw(
        ConfigError,
        'REDIS_URL is not valid: must be redis://, rediss:// or redis+sentinel:// URLs',
      );
    }
  });

  it('accepts several URLs of Redis only for a cluster', () => {
    const load = (REDIS_URL: string, BROKER_SHARDED: string) =>
      loadStoreConfig({ DATABASE_URL: 'postgresql://db/x', REDIS_URL, BROKER_SHARDED });
    expect(load('redis://a:1, redis://b:2', 'true').redis.urls).to.deep.equal(['redis://a:1', 'redis://b:2']);
    for (const urls of [
      'redis://a:1,rediss://b:2',
      'redis://x:y@a:1,redis://b:2',
      'redis://:y@a,redis://:z@b',
    ]) {
      expect(() => load(urls, 'true'), urls).to.throw(
        ConfigError,
        /^REDIS_URL is not valid: seed nodes must have the same protocol, user and password/,
      );
    }
    expect(() => load('redis://a:1, rediss://b:2', 'false')).to.throw(
      ConfigError,
      /^REDIS_URL is not valid: several URLs are seed nodes of a Redis Cluster, which needs BROKER_SHARDED=true$/,
    );
  });

  it('accepts Sentinels of Redis, whose users and TLS are their own', () => {
    const load = (env: Record<string, string>) =>
      loadStoreConfig({ DATABASE_URL: 'postgresql://db/x', ...env }).redis;
    const url = 'redis+sentinel://me:s%40fe@a,[::1]:2,c:3/my-primary/4';
    const { urls, sentinel } = load({ REDIS_URL: url, REDIS_SENTINEL_PASSWORD: 'other' });
    expect(urls).to.deep.equal(['redis://me:s%40fe@sentinel.invalid/4']);
    expect(sentinel).to.deep.equal({
      name: 'my-primary',
      addresses: [
        { host: 'a', port: 26_379 },
        { host: '::1', port: 2 },
        { host: 'c', port: 3 },
      ],
      username: undefined,
      password: 'other',
      tls: undefined,
    });
    const secure = { REDIS_URL: 'rediss+sentinel://a/name' };
    expect(load(secure).sentinel?.tls).to.deep.equal({});
    expect(load({ ...secure, REDIS_SENTINEL_TLS: 'false' }).sentinel?.tls).to.equal(undefined);
    const plain = { REDIS_URL: 'redis+sentinel://a/name' };
    expect(load(plain).urls).to.deep.equal(['redis://sentinel.invalid/']);
    expect(load({ ...plain, REDIS_SENTINEL_TLS: 'true' }).sentinel?.tls).to.deep.equal({});

    for (const wrong of ['a', 'a/', 'a:x/name', '/name', 'a/name/x/y', 'a/name?db=1', 'b@a@c/name']) {
      expect(() => load({ REDIS_URL: `redis+sentinel://${wrong}` }), wrong).to.throw(
        ConfigError,
        /^REDIS_URL is not valid: must be written as redis\+sentinel:/,
      );
    }
    expect(() => load({ REDIS_URL: 'redis+sentinel://a/name/x' })).to.throw(
      ConfigError,
      /^REDIS_URL is not valid: the path/,
    );
    for (const name of ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD', 'REDIS_SENTINEL_TLS']) {
      expect(() => load({ REDIS_URL: 'redis://a', [name]: 'true' }), name).to.throw(
        ConfigError,
        `${name} is set, but REDIS_URL names no Sentinels`,
      );
    }
    expect(() => load({ ...plain, BROKER_SHARDED: 'true' })).to.throw(ConfigError, /has no Sentinels$/);
    expect(load({ ...plain, REDIS_WAIT_REPLICAS: '1' }).waitReplicas).to.equal(1);
    expect(() => load({ BROKER_SHARDED: 'true', REDIS_WAIT_REPLICAS: '1' })).to.throw(
      ConfigError,
      /^REDIS_WAIT_REPLICAS is not valid: a Redis Cluster/,
    );
  });

  it('refuses parameters of a URL of Redis, and files for connections without TLS', () => {
    const load = (env: Record<string, string>) =>
      loadStoreConfig({ DATABASE_URL: 'postgresql://db/x', ...env });
    for (const [env, message] of [
      [{ REDIS_URL: 'redis://a?keyPrefix=x' }, /^REDIS_URL is not valid: "keyPrefix" is no parameter/],
      [{ REDIS_URL: 'redis://:a#b@c' }, /^REDIS_URL is not valid/],
      [{ REDIS_CA_FILE: '/ca.pem' }, /^REDIS_CA_FILE is set, but REDIS_URL has no TLS/],
      [
        { REDIS_URL: 'rediss://a', REDIS_CA_FILE: '/nowhere/ca.pem' },
        /REDIS_CA_FILE=\/nowhere\/ca.pem cannot be read: ENOENT/,
      ],
      [
        { REDIS_URL: 'rediss://a', REDIS_CERT_FILE: '/c.pem' },
        /REDIS_CERT_FILE and REDIS_KEY_FILE need each other/,
      ],
      [
        { REDIS_URL: 'rediss://a', REDIS_CA_FILE: '/etc/hostname' },
        /REDIS_CA_FILE holds no certificate in PEM/,
      ],
    ] as const) {
      expect(() => load(env), JSON.stringify(env)).to.throw(ConfigError, message);
    }
    expect(load({ REDIS_URL: 'rediss://a' }).redis.tls).to.deep.equal({});
    expect(load({}).redis.tls).to.equal(undefined);
  });

  it('takes the number of a database from the path; only 0 in a cluster', () => {
    const load = (REDIS_URL: string, BROKER_SHARDED = 'false') =>
      loadStoreConfig({ DATABASE_URL: 'postgresql://db/x', REDIS_URL, BROKER_SHARDED }).redis;
    expect(
      ['redis://a', 'redis://a/', 'redis://a/0', 'redis://a/12'].map((url) => redisDatabase(load(url))),
    ).to.deep.equal([0, 0, 0, 12]);
    for (const url of [
      'redis://a/one',
      'redis://a/-1',
      'redis://a/1/2',
      'redis://a/01',
      'redis://a/1.5',
      'redis://a?db=1',
    ]) {
      expect(() => load(url), url).to.throw(
        ConfigError,
        /^REDIS_URL is not valid: the path of a URL is the number of a database, such as redis:\/\/127.0.0.1:6379\/1$/,
      );
    }
    expect(redisDatabase(load('redis://a/0,redis://b', 'true'))).to.equal(0);
    expect(() => load('redis://a/1', 'true')).to.throw(
      ConfigError,
      'REDIS_URL is not valid: a Redis Cluster (BROKER_SHARDED=true) has database 0 only',
    );
  });
});

describe('the settings', () => {
  it('all have a description', () => {
    for (const [name, schema] of Object.entries({ ...apiSettings, ...storeSettings })) {
      expect(schema.description, name).to.be.a('string').and.not.equal('');
    }
  });
});
