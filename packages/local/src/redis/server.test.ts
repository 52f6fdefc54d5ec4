import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closer } from '@chorus/service';
import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { lookUpProcess } from '../processes/process-table.js';
import { startRedisCluster } from './cluster.js';
import { startRedis } from './server.js';

describe('Redis for development', function () {
  this.timeout(60_000);

  let closer: Closer;
  let environment: NodeJS.ProcessEnv;

  beforeEach(() => {
    closer = new Closer();
    environment = { ...process.env };
  });

  afterEach(async () => {
    process.env = environment;
    await closer.close();
  });

  const connect = (url: string): Redis => {
    const redis = new Redis(url);
    closer.defer(() => redis.quit());
    return redis;
  };

  it('starts a server without persistence', async () => {
    const server = closer.add(await startRedis());
    const redis = connect(server.url);
    expect(await redis.set('key', 'value')).to.equal('OK');
    expect(await redis.config('GET', 'appendonly')).to.deep.equal(['appendonly', 'no']);
  });

  it('keeps its data in a folder, also through kill -9', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'chorus-test-'));
    closer.defer(() => rm(dir, { recursive: true }));
    const first = closer.add(await startRedis({ dir, args: ['--appendfsync', 'always'] }));
    const redis = new Redis(first.url);
    await redis.set('key', 'value');
    redis.disconnect();
    first.kill('SIGKILL');
    await first.exited;
    const second = closer.add(await startRedis({ dir, port: first.port }));
    expect(await connect(second.url).get('key')).to.equal('value');
  });

  it('admits only clients with its password, also after a restart, and no process list shows it', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'chorus-test-')), 'redis');
    closer.defer(() => rm(join(dir, '..'), { recursive: true }));
    const first = await startRedis({ dir, password: true });
    const { password } = new URL(first.url);
    expect(password).to.match(/^[0-9a-f]{48}$/);
    expect((await lookUpProcess(first.pid))?.command)
      .to.include('redis')
      .and.not.include(password);
    const redis = new Redis(first.url);
    expect(await redis.set('key', 'value')).to.equal('OK');
    redis.disconnect();
    for (const wrong of [`redis://127.0.0.1:${first.port}`, `redis://:guess@127.0.0.1:${first.port}`]) {
      const stranger = new Redis(wrong, { lazyConnect: true }).on('error', () => {});
      const failure = await stranger.get('key').catch((error: unknown) => error);
      stranger.disconnect();
      expect(String(failure)).to.match(/NOAUTH|WRONGPASS/);
    }
    for (const file of ['password', 'redis.conf']) {
      expect((await stat(join(dir, file))).mode & 0o777, file).to.equal(0o600);
    }
    expect((await stat(dir)).mode & 0o777).to.equal(0o700);
    await first.close();
    const second = closer.add(await startRedis({ dir, port: first.port, password: true }));
    expect(second.url).to.equal(first.url);
  });

  it('starts a cluster that serves every slot', async () => {
    const local = closer.add(await startRedisCluster());
    const cluster = new Cluster([...local.urls]);
    closer.defer(() => cluster.quit());
    for (let n = 0; n < 30; n++) expect(await cluster.set(`key:${n}`, n)).to.equal('OK');
    expect(cluster.nodes('master')).to.have.length(3);
  });

  it('reports in one line that a port is taken', async () => {
    const server = closer.add(await startRedis());
    const failure = await startRedis({ port: server.port }).catch((error: unknown) => error);
    expect(String(failure)).to.equal(`StartError: port ${server.port} is already in use`);
  });

  it('explains how to get redis-server if it is missing', async () => {
    process.env.PATH = '/nowhere';
    const failure = await startRedis().catch((error: unknown) => error);
    expect(String(failure)).to.match(
      /^StartError: redis-server was not found on the PATH: .*apt-get install/,
    );
  });
});
