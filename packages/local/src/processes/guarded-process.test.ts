import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { spawnGuarded } from './guarded-process.js';
import { lookUpProcess } from './process-table.js';

const MODULE = new URL('../../dist/processes/guarded-process.js', import.meta.url).href;

/** An owner in a process of its own, which can be killed. Resolves with the pid of the process that it started. */
async function startOwner(options: object) {
  const code = `
    const { spawnGuarded } = await import(${JSON.stringify(MODULE)});
    const child = await spawnGuarded(${JSON.stringify(options)});
    console.log(child.pid);
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const [line] = await once(createInterface({ input: owner.stdout }), 'line');
  return { owner, pid: Number(line) };
}

async function untilGone(pid: number): Promise<void> {
  while ((await lookUpProcess(pid)) !== undefined) await sleep(20);
}

const asleep = { name: 'sleeper', command: 'sleep', args: ['600'] };

describe('a guarded process', () => {
  it('ends when its owner is killed with SIGKILL, and its folder is removed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chorus-guard-'));
    const { owner, pid } = await startOwner({ ...asleep, orphanFolder: folder });
    owner.kill('SIGKILL');
    await untilGone(pid);
    while (existsSync(folder)) await sleep(20);
  });

  it('ends with its owner even while it is stopped', async () => {
    const { owner, pid } = await startOwner(asleep);
    // Any earlier it would still be the shell that has not set up the guard.
    while (!(await lookUpProcess(pid))?.command.startsWith('sleep')) await sleep(20);
    process.kill(pid, 'SIGSTOP');
    owner.kill('SIGKILL');
    await untilGone(pid);
  });

  it("does not receive the Ctrl-C of its owner's terminal", async () => {
    const { owner, pid } = await startOwner(asleep);
    const group = (id: number): boolean => {
      try {
        return process.kill(-id, 0);
      } catch {
        return false;
      }
    };
    expect(group(pid), 'it leads a process group of its own').to.equal(true);
    owner.kill('SIGKILL');
    await untilGone(pid);
  });

  it('reports its end, and its last output when it could not start', async () => {
    const child = await spawnGuarded({
      name: 'printer',
      command: 'sh',
      args: ['-c', 'echo "error: no paper"; echo bye'],
    });
    const failure = await child.ready((line) => line === 'ready', 5_000).catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'printer ended while starting: error: no paper');
    await child.exited;
    expect(child.running).to.equal(false);
    child.kill('SIGTERM');
  });

  it('is ended when it is not ready in time', async () => {
    const child = await spawnGuarded({ name: 'late', command: 'sleep', args: ['60'] });
    const failure = await child.ready(() => false, 50).catch((error: unknown) => error);
    expect(String(failure)).to.equal('StartError: late was not ready within 0.05 s');
    expect((await child.exited).signal).to.equal('SIGTERM');
  });

  it('names a program that does not exist', async () => {
    const child = await spawnGuarded({ name: 'nothing', command: '/no/such/program', args: [] });
    const failure = await child.ready(() => false, 5_000).catch((error: unknown) => error);
    expect(String(failure)).to.match(/StartError: nothing ended while starting: .*not found/);
  });

  it('is killed when it does not stop in time', async () => {
    const child = await spawnGuarded({
      name: 'stubborn',
      command: 'sh',
      args: ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done'],
    });
    await child.ready((line) => line === 'ready', 5_000);
    await child.stop('SIGTERM', 100);
    expect(child.running).to.equal(false);
  });

  it('reports each line that it writes', async () => {
    const lines: string[] = [];
    const child = await spawnGuarded({
      name: 'printer',
      command: 'sh',
      args: ['-c', 'echo one; echo two >&2'],
      onLine: (line) => lines.push(line),
    });
    await child.exited;
    expect(lines).to.have.members(['one', 'two']);
  });
});
