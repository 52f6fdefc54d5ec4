import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Returns the lines that a service logs which runs this code at its start. */
async function linesOf(work: string): Promise<Record<string, unknown>[]> {
  const program = `
    import { EventEmitter } from 'node:events';
    import { run } from ${JSON.stringify(new URL('../../dist/process/run.js', import.meta.url).href)};
    await run(async () => {
      ${work}
      return { close: async () => undefined };
    });
  `;
  const failed = (error: { stderr: string }): { stderr: string } => error;
  const args = ['--input-type=module', '-e', program];
  const { stderr } = await promisify(execFile)(process.execPath, args).catch(failed);
  const lines = stderr.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('text that libraries print', () => {
  it('with console.warn and console.error becomes one log line each', async () => {
    const lines = await linesOf(`
      console.warn('[WARN] two\\nlines %s', 5);
      console.error('[vendor] Unhandled error event:', new Error('gone'));
    `);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.include({ level: 'warn', msg: '[WARN] two\nlines 5' });
    expect(lines[1]).to.include({ level: 'error' });
    expect(lines[1]?.msg).to.match(/^\[vendor\] Unhandled error event: Error: gone\n +at /);
  });

  it('as a warning of the process becomes one log line', async () => {
    const lines = await linesOf(`
      const emitter = new EventEmitter();
      for (let n = 0; n < 20; n++) emitter.on('close', () => {});
      process.emitWarning('old', 'DeprecationWarning', 'DEP0001');
      await new Promise((resolve) => setTimeout(resolve, 10));
    `);
    expect(lines.map(({ level }) => level)).to.deep.equal(['warn', 'warn']);
    expect(lines[0]?.err).to.include({ type: 'MaxListenersExceededWarning' });
    expect(lines[1]?.err).to.include({ type: 'DeprecationWarning', message: 'old' });
  });

  it('for an unhandled failure becomes one line, and the process ends', async () => {
    for (const failure of [
      `throw new TypeError('a bug');`,
      `Promise.reject(new TypeError('a bug')); await null;`,
    ]) {
      const [line, ...others] = await linesOf(failure);
      expect(others).to.deep.equal([]);
      expect(line).to.include({ level: 'fatal' });
      expect(line?.err).to.include({ type: 'TypeError', message: 'a bug' });
    }
  });
});
