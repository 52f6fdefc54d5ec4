import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Runs a service that executes this code in a timer, with few file descriptors. */
async function runService(inTimer: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = `
    import { openSync } from 'node:fs';
    import { run } from ${JSON.stringify(new URL('../../dist/process/run.js', import.meta.url).href)};
    await run(async () => {
      const timer = setInterval(() => { ${inTimer} }, 5);
      setTimeout(() => { clearInterval(timer); console.log('still here'); }, 200);
      return { close: async () => undefined };
    });
  `;
  const command = 'ulimit -n 100; exec "$0" --input-type=module -e "$1"';
  try {
    const output = await promisify(execFile)('/bin/sh', ['-c', command, process.execPath, program]);
    return { code: 0, ...output };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

describe('a process without file descriptors', () => {
  it('survives failures in a timer or a promise for lack of them, and logs it once', async () => {
    const openAll = `
      Promise.resolve().then(() => { for (;;) openSync('/dev/null'); });
      for (;;) openSync('/dev/null');
    `;
    const { code, stdout, stderr } = await runService(openAll);
    expect([code, stdout]).to.deep.equal([0, 'still here\n']);
    const lines = stderr.trim().split('\n');
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({
      level: 'error',
      msg: 'out of file descriptors: raise the limit of open files (ulimit -n)',
    });
  });

  it('ends with status 1 and the stack at any other failure', async () => {
    const { code, stdout, stderr } = await runService(`throw new TypeError('a bug');`);
    expect([code, stdout]).to.deep.equal([1, '']);
    const line = JSON.parse(stderr);
    expect(line).to.include({ level: 'fatal' });
    expect(line.err.stack).to.match(/TypeError: a bug\n +at /);
  });
});
