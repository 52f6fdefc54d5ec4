import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';

/** Starts a process with a logger. @returns its lines so far, and a promise of its end */
function logging(work: string) {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('../../dist/telemetry/logger.js', import.meta.url).href)};
    const log = createLogger({ service: 'x', level: 'info' });
    const again = setInterval(() => {}, 1_000);
    ${work}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: Array<Record<string, unknown>> = [];
  const reader = createInterface({ input: child.stderr });
  reader.on('line', (line) => lines.push(JSON.parse(line)));
  return { child, lines, nextLine: () => once(reader, 'line'), ended: once(reader, 'close') };
}

describe('createLogger', function () {
  this.timeout(20_000);

  it('writes lines soon, without another one', async () => {
    const { child, lines, nextLine, ended } = logging(`log.info('one');`);
    await nextLine();
    child.kill('SIGKILL');
    await ended;
    expect(lines.map(({ msg }) => msg)).to.deep.equal(['one']);
  });

  it('writes a warning at once, with the lines before it', async () => {
    const { child, lines, nextLine, ended } = logging(`
      log.info('one');
      log.warn('two');
      for (;;);
    `);
    while (lines.length < 2) await nextLine();
    child.kill('SIGKILL');
    await ended;
    expect(lines.map(({ msg }) => msg)).to.deep.equal(['one', 'two']);
  });

  it('writes lines that come while a slow reader holds up a write', async () => {
    const { child, lines, nextLine, ended } = logging(`
      log.warn({ text: 'x'.repeat(300_000) }, 'one');
      log.info('two');
    `);
    child.stderr.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.stderr.resume();
    while (lines.length < 2) await nextLine();
    child.kill('SIGKILL');
    await ended;
    expect(lines.map(({ msg }) => msg)).to.deep.equal(['one', 'two']);
  });

  it('loses no line at an exit, in whatever sizes and moments lines come', async () => {
    const { lines, ended } = logging(`
      for (let n = 0; n < 500; n++) {
        log[n % 97 === 0 ? 'warn' : 'info']({ n, text: 'x'.repeat(n % 300) }, 'line');
        if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, n % 3 === 0 ? 60 : 1));
      }
      clearInterval(again);
    `);
    await ended;
    expect(lines.map(({ n }) => n)).to.deep.equal(Array.from({ length: 500 }, (_, n) => n));
  });

  it('hides secrets of objects that are logged whole', async () => {
    const { lines, ended } = logging(`
      log.info({ token: 't', user: { password: 'p' } }, 'line');
      clearInterval(again);
    `);
    await ended;
    expect(lines[0]).to.deep.include({ token: '[redacted]', user: { password: '[redacted]' } });
  });
});
