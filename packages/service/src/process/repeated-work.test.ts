import { expect } from 'chai';
import { pino } from 'pino';
import { RepeatedWork } from './repeated-work.js';

/** Work whose runs a test ends one by one; it repeats only when it is woken, unless a run fails. */
function steered() {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const ends: Array<{ resolve(): void; reject(error: Error): void }> = [];
  let begun: (() => void) | undefined;
  const work = new RepeatedWork({
    run: () =>
      new Promise((resolve, reject) => {
        ends.push({ resolve, reject });
        begun?.();
      }),
    intervalMs: 1_000_000,
    retryMs: 0,
    texts: { failing: 'it fails', works: 'it works' },
    log,
  });
  const run = async (count: number): Promise<void> => {
    while (ends.length < count) {
      await new Promise<void>((resolve) => {
        begun = resolve;
      });
    }
  };
  const end = (index: number, error?: Error): void => {
    if (error === undefined) ends[index]?.resolve();
    else ends[index]?.reject(error);
  };
  return { work, ends, run, end, lines };
}

describe('repeated work', () => {
  it('runs at once when it is woken', async () => {
    const { work, run, end } = steered();
    work.start();
    end(0);
    await new Promise((resolve) => setImmediate(resolve));
    work.wake();
    await run(2);
    end(1);
    await work.close();
  });

  it('runs once more when it is woken during a run', async () => {
    const { work, run, ends, end } = steered();
    work.start();
    work.wake();
    work.wake();
    expect(ends).to.have.length(1);
    end(0);
    await run(2);
    end(1);
    await work.close();
    expect(ends).to.have.length(2);
  });

  it('waits for the run in progress when it is closed', async () => {
    const { work, ends, end } = steered();
    work.start();
    let closed = false;
    const closing = work.close().then(() => {
      closed = true;
    });
    work.wake();
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).to.equal(false);
    end(0);
    await closing;
    expect(ends).to.have.length(1);
  });

  it('logs a series of failures as one line, and its end', async () => {
    const { work, run, end, lines } = steered();
    work.start();
    end(0, new Error('first'));
    await run(2);
    end(1, new Error('second'));
    await run(3);
    end(2);
    await work.close();
    expect(lines).to.deep.equal(['it fails', 'it works']);
  });
});
