import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { root } from './support/root.js';

const program = join(root, 'node_modules', '.bin', 'depcruise');

/** A forbidden import of each kind: file, imported module (after `type` for its types only), and the rule that must name it. */
const FORBIDDEN: ReadonlyArray<readonly [file: string, module: string, rule: string]> = [
  ['packages/broker/src/a.ts', '@chorus/api', 'no-app-from-a-package'],
  ['packages/broker/src/b.ts', '../../../apps/api/src/index.js', 'no-app-from-a-package'],
  ['prisma/src/a.ts', '@chorus/gateway', 'no-app-from-a-package'],
  ['apps/api/src/a.ts', '@chorus/gateway', 'no-app-from-an-app'],
  ['apps/gateway/src/a.ts', '@chorus/api', 'no-app-from-an-app'],
  ['apps/api/src/b.ts', '../../gateway/src/index.js', 'no-relative-import-out-of-a-package'],
  ['packages/broker/src/b.ts', '../../../apps/api/src/index.js', 'no-relative-import-out-of-a-package'],
  ['packages/broker/src/c.ts', '../../protocol/src/index.js', 'no-relative-import-out-of-a-package'],
  ['packages/protocol/src/a.ts', '@chorus/service', 'protocol-stands-alone'],
  ['packages/redis/src/a.ts', '@chorus/protocol', 'redis-knows-no-messages'],
  ['packages/presence/src/c.ts', '@chorus/broker', 'broker-presence-and-control-stand-side-by-side'],
  ['packages/broker/src/f.ts', '@chorus/control', 'broker-presence-and-control-stand-side-by-side'],
  ['packages/client/src/a.ts', '@chorus/broker', 'client-knows-the-protocol-only'],
  ['apps/web/src/a.ts', '@chorus/protocol', 'page-knows-the-client-only'],
  ['test/a.ts', '@chorus/web', 'page-is-not-imported'],
  ['apps/standalone/src/c.ts', '@chorus/web', 'page-is-not-imported'],
  ['apps/gateway/src/h.ts', '@chorus/operator-page', 'operator-page-for-the-api'],
  ['packages/client/src/c.ts', '@chorus/protocol', 'client-takes-only-types-from-schemas'],
  ['packages/client/src/d.ts', 'node:events', 'client-stands-alone'],
  ['packages/client/src/e.ts', 'test-tool', 'client-stands-alone'],
  ['packages/react/src/a.ts', '@chorus/protocol', 'react-knows-the-client-only'],
  ['packages/react/src/b.tsx', 'test-tool', 'react-knows-the-client-only'],
  ['packages/protocol/src/errors.ts', 'zod', 'protocol-constants-without-schemas'],
  ['apps/gateway/src/rooms/hub.ts', 'uWebSockets.js', 'uwebsockets-in-the-transport'],
  ['packages/broker/src/broker.ts', 'ioredis', 'ioredis-in-redis-files'],
  ['apps/gateway/src/f.ts', 'prom-client', 'prom-client-in-metrics-files'],
  ['packages/service/src/a.ts', '@opentelemetry/api', 'opentelemetry-in-one-file'],
  ['packages/service/src/b.ts', './traces-otlp.js', 'opentelemetry-on-demand'],
  ['apps/gateway/src/b.ts', '@prisma/client', 'prisma-in-one-package'],
  ['apps/api/src/c.ts', '@prisma/client', 'prisma-in-one-package'],
  ['apps/gateway/src/c.ts', '@chorus/database', 'database-for-its-owners'],
  ['apps/gateway/src/d.ts', 'pg', 'database-for-its-owners'],
  ['packages/presence/src/a.ts', '@chorus/database', 'database-for-its-owners'],
  ['apps/gateway/src/e.ts', '@chorus/local', 'local-servers-not-in-production'],
  ['apps/gateway/src/g.ts', '@chorus/testing', 'test-support-not-in-production'],
  ['apps/gateway/src/i.ts', '@chorus/broker/testing', 'test-support-not-in-production'],
  ['packages/broker/src/g.ts', './testing/a.js', 'test-support-not-in-production'],
  ['packages/broker/src/d.ts', 'test-tool', 'no-development-dependency-in-production'],
  ['packages/broker/src/e.ts', './e.js', 'no-cycle'],
  // It is reported once: of its other half see below.
  ['packages/control/src/a.ts', './b.js', 'no-cycle'],
];

const ALLOWED: ReadonlyArray<readonly [file: string, module: string]> = [
  ['apps/standalone/src/a.ts', '@chorus/gateway'],
  ['apps/standalone/src/b.ts', '@chorus/local'],
  ['apps/api/src/d.ts', '@chorus/database'],
  ['apps/api/src/e.ts', '@chorus/broker'],
  ['apps/api/src/f.ts', '@chorus/operator-page'],
  ['apps/gateway/src/transport/uws.ts', 'uWebSockets.js'],
  ['apps/gateway/src/a.test.ts', '@chorus/local'],
  ['packages/broker/src/redis/broker.ts', 'ioredis'],
  ['apps/api/src/auth/rate-limits/redis-rate-limits.ts', 'ioredis'],
  ['packages/broker/src/a.test.ts', 'test-tool'],
  ['apps/gateway/src/b.test.ts', '@chorus/testing'],
  ['apps/gateway/src/c.test.ts', './testing/d.js'],
  ['apps/gateway/src/testing/d.ts', '@chorus/broker/testing'],
  ['packages/broker/src/testing/a.ts', 'test-tool'],
  ['packages/client/src/b.ts', '@chorus/protocol/constants'],
  ['packages/service/src/telemetry/metrics.ts', 'prom-client'],
  ['packages/presence/src/b.ts', '@chorus/redis'],
  ['packages/redis/src/b.ts', 'ioredis'],
  ['packages/redis/src/b.test.ts', '@chorus/local'],
  ['apps/web/src/b.tsx', '@chorus/client'],
  ['packages/react/src/c.ts', '@chorus/client'],
  ['packages/react/src/d.ts', 'react'],
  ['packages/react/src/e.test.tsx', '@chorus/testing'],
  ['prisma/src/b.ts', '@prisma/client'],
  ['packages/control/src/b.ts', 'type ./a.js'],
];

describe('the import check', function () {
  this.timeout(60_000);

  let copy: string;

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), 'chorus-imports-'));
    await cp(join(root, '.dependency-cruiser.cjs'), join(copy, '.dependency-cruiser.cjs'));
    for (const folder of ['apps/api/src', 'apps/gateway/src', 'packages/protocol/src', 'test']) {
      await mkdir(join(copy, folder), { recursive: true });
      await writeFile(join(copy, folder, 'index.ts'), 'export const here = 1;\n');
    }
    for (const [file, module] of [...FORBIDDEN, ...ALLOWED]) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      const [name = '', kind] = module.split(' ').reverse();
      const statement =
        kind === 'type'
          ? `import type * as it from '${name}';\nexport type A = typeof it;`
          : `import * as it from '${name}';\nexport const a = it;`;
      await writeFile(join(copy, file), `${statement}\n`);
    }
    const tool = join(copy, 'packages/broker/node_modules/test-tool');
    await mkdir(tool, { recursive: true });
    await writeFile(join(tool, 'package.json'), '{ "name": "test-tool", "main": "index.js" }');
    await writeFile(join(tool, 'index.js'), '');
    await writeFile(
      join(copy, 'packages/broker/package.json'),
      '{ "name": "@chorus/broker", "devDependencies": { "test-tool": "*" } }',
    );
  });

  after(() => rm(copy, { recursive: true }));

  it('names every forbidden import and no other', async () => {
    const { status, output } = await check(copy);
    const lines = output.matchAll(/error (?<rule>\S+): (?<file>\S+)/g);
    const found = [...lines].map(({ groups }) => `${groups?.file}: ${groups?.rule}`);
    expect([...new Set(found)].sort()).to.deep.equal(
      FORBIDDEN.map(([file, , rule]) => `${file}: ${rule}`).sort(),
    );
    expect(status).to.not.equal(0);
  });
});

function check(cwd: string): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    execFile(program, ['apps', 'packages', 'prisma', 'test'], { cwd }, (error, stdout) => {
      resolve({ status: error === null ? 0 : Number(error.code), output: stdout });
    });
  });
}
