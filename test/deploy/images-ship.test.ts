import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@chorus/local';
import { eventually, type TestRedis, testDatabase, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { request } from '../support/clients/people.js';
import { deployFile, dockerfileStages, stageEnvironment } from '../support/deploy-files.js';
import { root } from '../support/root.js';

const run = promisify(execFile);

/** What an image must not contain, whichever program it is of: tools, and what is only for tests. */
const UNWANTED = [
  'prisma',
  'typescript',
  'mocha',
  'chai',
  'tsx',
  '@chorus/local',
  '@chorus/testing',
  '@prisma/engines',
];

describe('the folders that images ship', function () {
  this.timeout(120_000);

  let folder: string;
  let redis: TestRedis;
  let databaseUrl: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-ship-'));
    redis = await testRedis();
    databaseUrl = await testDatabase();
  });

  after(async () => {
    await redis.close();
    await rm(folder, { recursive: true });
  });

  /** Makes the folder of a program. */
  async function ship(name: string): Promise<{ packages: string[]; megabytes: number; path: string }> {
    const path = join(folder, name);
    const { stdout } = await run(process.execPath, [join(root, 'deploy/ship.mjs'), name, path]);
    const files = await readdir(path, { recursive: true });
    const ours = files.filter((file) => /^(?!node_modules\/)|^node_modules\/@chorus\//.test(file));
    expect(ours.filter((file) => /\/(src|testing)\/|\.test\.js$/.test(file))).to.deep.equal([]);
    const packages = files
      .filter((file) => file.endsWith('package.json'))
      .flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(file)?.[1] ?? []);
    return { packages, path, megabytes: Number(/([\d.]+) MB/.exec(stdout)?.[1]) };
  }

  const imageEnvironment = (name: string): Record<string, string> => {
    const stage = dockerfileStages(deployFile('Dockerfile')).find((candidate) => candidate.name === name);
    return stage === undefined ? {} : stageEnvironment(stage);
  };

  /** Runs a program as its image does, with nothing in the environment but this. */
  function start(name: string, path: string, env: Record<string, string>) {
    const stage = dockerfileStages(deployFile('Dockerfile')).find((candidate) => candidate.name === name);
    const command = JSON.parse(stage?.instructions.findLast((found) => found.name === 'CMD')?.rest ?? '[]');
    const child = spawn(process.execPath, command.slice(1), {
      cwd: path,
      env: { NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return {
      stderr: () => stderr,
      kill: () => child.kill('SIGTERM'),
      ended: once(child, 'close').then(([code, signal]) => code ?? signal),
    };
  }

  /** Starts a service from its folder, waits until it is ready, asks something, and stops it. */
  async function startsAndStops(
    name: string,
    path: string,
    env: Record<string, string>,
    ask: (url: string) => Promise<void> = async () => {},
  ): Promise<void> {
    const port = await freePort();
    const program = start(name, path, {
      HOST: '127.0.0.1',
      PORT: String(port),
      REDIS_URL: redis.url,
      REDIS_PREFIX: `ship-${name}-${port}`,
      LOG_LEVEL: 'warn',
      DRAIN_DELAY_MS: '0',
      // No collector listens there, but the libraries for traces are loaded.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      ...env,
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await eventually(async () => {
        const { status } = await request(`${url}/readyz`).catch(() => ({ status: program.stderr() }));
        expect(status).to.equal(200);
      }, 40_000);
      await ask(url);
    } finally {
      program.kill();
    }
    expect(await program.ended, program.stderr()).to.equal(0);
  }

  const JWT_SECRET = 'a secret that is long enough for production';

  it('hold a gateway that runs, without a database client', async () => {
    const { packages, megabytes, path } = await ship('gateway');
    expect(packages).to.include.members(['uWebSockets.js', '@chorus/broker']);
    for (const name of [...UNWANTED, 'pg', '@prisma/client', '@chorus/database']) {
      expect(packages).to.not.include(name);
    }
    expect(megabytes).to.be.below(12);
    const builds = (await readdir(path, { recursive: true })).filter((file) => file.endsWith('.node'));
    expect(builds).to.deep.equal([
      `node_modules/uWebSockets.js/uws_${process.platform}_${process.arch}_${process.versions.modules}.node`,
    ]);
    await startsAndStops('gateway', path, { JWT_SECRET });
  });

  it('hold the migrations, an archiver, a dispatcher and an API that run on them', async () => {
    const migrate = await ship('migrate');
    expect(migrate.packages).to.not.include('@prisma/client');
    expect(await start('migrate', migrate.path, { DATABASE_URL: databaseUrl }).ended).to.equal(0);

    const archiver = await ship('archiver');
    await startsAndStops('archiver', archiver.path, { DATABASE_URL: databaseUrl });

    const dispatcher = await ship('dispatcher');
    await startsAndStops('dispatcher', dispatcher.path, { DATABASE_URL: databaseUrl });

    const api = await ship('api');
    for (const { packages, megabytes } of [migrate, archiver, dispatcher, api]) {
      for (const name of UNWANTED) expect(packages).to.not.include(name);
      expect(megabytes).to.be.below(25);
    }
    expect((await readdir(join(api.path, 'node_modules/swagger-ui-dist'))).sort()).to.deep.equal([
      'LICENSE',
      'NOTICE',
      'package.json',
      'swagger-ui-bundle.js',
      'swagger-ui-bundle.js.LICENSE.txt',
      'swagger-ui.css',
    ]);
    const WEB_DIR = imageEnvironment('api').WEB_DIR?.replace(/^\/app/, api.path) ?? '';
    await startsAndStops('api', api.path, { JWT_SECRET, DATABASE_URL: databaseUrl, WEB_DIR }, async (url) => {
      const chat = await (await fetch(url)).text();
      const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(chat)?.[1];
      const loaded = await fetch(`${url}${script}`, { headers: { 'Accept-Encoding': 'br' } });
      expect(loaded.headers.get('content-encoding')).to.equal('br');
      // Through bcrypt and Prisma: what they load, they load when they are first used.
      const signup = await request(`${url}/api/users/signup`, {
        body: { username: 'ada', email: 'ada@example.com', password: 'analytical' },
      });
      expect(signup.status).to.equal(200);
      // The page about the API has all its files, and of the library only those.
      const { body: page } = await request(`${url}/api/docs`);
      const files = [...String(page).matchAll(/(?:src|href)="(\/api\/docs\/[^"]+)"/g)].map(
        ([, path]) => path,
      );
      expect(files).to.have.length(4);
      files.push('/api/reset-password', '/api/reset-password/page.css', '/api/reset-password/page.js');
      for (const file of files) expect((await request(url + file)).status, file).to.equal(200);
    });
  });
});
