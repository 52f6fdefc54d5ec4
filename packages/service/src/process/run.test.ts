import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const INDEX = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** A service that takes a second to close, or as many tenths as it is told, and logs and prints meanwhile. */
const SERVICE = `
  const { createLogger, run } = await import(${JSON.stringify(INDEX)});
  const log = createLogger({ service: 'test', level: 'info' });
  await run(async () => {
    const timer = setInterval(() => {}, 1_000);
    console.log('ready');
    return {
      close: async () => {
        for (let n = 0; n < Number(process.env.TENTHS ?? 10); n++) {
          console.log('closing');
          console.error('closing');
          log.info('closing');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        clearInterval(timer);
        (await import('node:fs')).writeFileSync(process.env.CLOSED, String(process.pid));
      },
    };
  });
`;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('run', function () {
  this.timeout(30_000);
  let folder: string;
  let closed: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-run-'));
    closed = join(folder, 'closed');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const start = async (env: Record<string, string> = {}): Promise<ChildProcess> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SERVICE], {
      env: { ...process.env, CLOSED: closed, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await once(child.stdout ?? child, 'data');
    return child;
  };

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`closes the service on ${signal}`, async () => {
      const child = await start();
      child.stdout?.resume();
      child.stderr?.resume();
      child.kill(signal);
      expect(await once(child, 'close')).to.deep.equal([0, null]);
      expect(existsSync(closed)).to.equal(true);
    });
  }

  it('ends at once at a second signal, but not at a second SIGHUP: a closing terminal sends several', async () => {
    for (const [second, status, TENTHS] of [
      ['SIGHUP', 0, '10'],
      ['SIGTERM', 1, '10000'],
    ] as const) {
      const child = await start({ TENTHS });
      child.stderr?.resume();
      const output = text(child.stdout ?? process.stdin);
      child.kill('SIGHUP');
      await sleep(600);
      child.kill(second);
      expect(await once(child, 'close'), second).to.deep.equal([status, null]);
      expect(await output).to.include('closing');
    }
  });

  it('closes the service although its output is no longer read', async () => {
    const child = await start();
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
    expect(existsSync(closed)).to.equal(true);
  });

  if (process.platform === 'linux') {
    it('closes the service and ends when its terminal is closed', async () => {
      const service = join(folder, 'service.mjs');
      await writeFile(service, SERVICE);
      // `script` owns the terminal: the terminal is closed with it.
      const terminal = spawn('script', ['-qfc', `exec ${process.execPath} ${service}`, '/dev/null'], {
        env: { ...process.env, CLOSED: closed },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(terminal.stdout, 'data');
      terminal.kill('SIGKILL');
      while (!existsSync(closed)) await sleep(20);
      const pid = Number(await readFile(closed, 'utf8'));
      while (isRunning(pid)) await sleep(20);
    });
  }
});
