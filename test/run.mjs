// Runs the tests: all of them, or the files given. Other arguments go to mocha.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureTestRedis } from '@chorus/local';

const SUITES = [
  'packages/*/src/**/*.test.ts',
  'prisma/src/**/*.test.ts',
  'apps/*/src/**/*.test.ts',
  'test/**/*.test.ts',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
const args = process.argv.slice(2);
const files = args.some((arg) => arg.endsWith('.test.ts')) ? [] : SUITES;

try {
  await ensureTestRedis();
  process.exitCode = await runMocha();
} catch (error) {
  console.error(error.name === 'StartError' ? error.message : error);
  process.exitCode = 1;
}

function runMocha() {
  const child = spawn(
    process.execPath,
    [mocha, '--reporter', 'test/support/reporter.cjs', ...args, ...files],
    { cwd: root, stdio: 'inherit' },
  );
  // A terminal sends Ctrl-C to mocha as well, which then ends in its own way.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
