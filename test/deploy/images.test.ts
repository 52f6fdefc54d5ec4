import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ignore from '@balena/dockerignore';
import { apiSettings } from '@chorus/api';
import { archiverSettings } from '@chorus/archiver';
import { dispatcherSettings } from '@chorus/dispatcher';
import { gatewaySettings } from '@chorus/gateway';
import { expect } from 'chai';
import { deployFile, dockerfileStages, type Stage, stageEnvironment } from '../support/deploy-files.js';
import { root } from '../support/root.js';

const PORTS = {
  api: apiSettings.PORT,
  gateway: gatewaySettings.PORT,
  archiver: archiverSettings.PORT,
  dispatcher: dispatcherSettings.PORT,
};
// CommonJS whose types say otherwise.
const newIgnore: typeof ignore.default = createRequire(import.meta.url)('@balena/dockerignore');
const SERVICES = ['api', 'gateway', 'archiver', 'dispatcher'] as const;

describe('the Dockerfile', () => {
  const stages = dockerfileStages(deployFile('Dockerfile'));
  const context = newIgnore().add(readFileSync(join(root, '.dockerignore'), 'utf8'));
  const stage = (name: string): Stage => {
    const found = stages.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no stage ${name}`);
    return found;
  };
  const last = (name: string, instruction: string): string | undefined =>
    stage(name).instructions.findLast((candidate) => candidate.name === instruction)?.rest;

  it('copies only what is there and is let in', () => {
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))
      .filter((source) => source !== '.');
    expect(copied).to.include('pnpm-lock.yaml');
    for (const source of copied) {
      expect(existsSync(join(root, source)), source).to.equal(true);
      expect(context.ignores(source), source).to.equal(false);
    }
  });

  it('copies from stages that come before', () => {
    const names: string[] = [];
    for (const { name, from, instructions } of stages) {
      const sources = instructions.flatMap(({ rest }) => /--from=(\S+)/.exec(rest)?.[1] ?? []);
      for (const source of sources) expect(names, `${name} copies from ${source}`).to.include(source);
      if (from !== 'scratch' && !from.includes('BASE_IMAGE')) expect(names, name).to.include(from);
      names.push(name);
    }
  });

  it('is given the sources, and neither secrets nor what a clone has built', () => {
    const inside = [
      'deploy/ship.mjs',
      'apps/gateway/src/main.ts',
      'packages/broker/lua/publish.lua',
      'prisma/migrations/migration_lock.toml',
      'tsconfig.base.json',
    ];
    for (const file of inside) expect(context.ignores(file), file).to.equal(false);
    const outside = [
      '.git/HEAD',
      '.env',
      'deploy/.env',
      'apps/api/.env',
      'node_modules/.modules.yaml',
      'apps/api/node_modules/koa',
      'apps/api/dist/main.js',
      'prisma/src/generated/client.ts',
      '.npmrc',
    ];
    for (const file of outside) expect(context.ignores(file), file).to.equal(true);
  });

  for (const name of ['migrate', ...SERVICES]) {
    it(`runs ${name} as a user without rights, as process 1`, () => {
      expect(last(name, 'USER')).to.equal('10001:10001');
      expect(last(name, 'ENTRYPOINT')).to.equal(undefined);
      const command = JSON.parse(last(name, 'CMD') ?? '') as string[];
      expect([command[0], command.at(-1)]).to.deep.equal(['node', `dist/${name}.js`]);
    });
  }

  for (const name of SERVICES) {
    it(`says where ${name} listens: on its own port, and for operators on 9090`, () => {
      const port = String(PORTS[name].parse(undefined));
      expect(stageEnvironment(stage(name))).to.include({
        NODE_ENV: 'production',
        PORT: port,
        OPERATOR_PORT: '9090',
      });
      expect(last(name, 'EXPOSE')).to.equal(`${port} 9090`);
      expect(last(name, 'HEALTHCHECK')).to.match(/\$PORT.*GET \/livez/);
    });
  }

  it('serves the chat page from where it was copied to', () => {
    expect(stageEnvironment(stage('api')).WEB_DIR).to.equal('/app/web');
    const built = stage('build').instructions.some(({ rest }) => rest.includes('--prefix apps/web build'));
    expect(built).to.equal(true);
    for (const file of ['apps/web/index.html', 'apps/web/src/main.tsx', 'apps/web/vite.config.ts']) {
      expect(context.ignores(file), file).to.equal(false);
    }
  });

  it('starts gateways with little memory for young objects', () => {
    expect(last('gateway', 'CMD')).to.include('--max-semi-space-size=4');
  });
});
