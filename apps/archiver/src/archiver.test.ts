import { recordedLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { ArchiveError } from './archive-error.js';
import { Archiver } from './archiver.js';

/** Work whose results the test sets. */
class TestWork {
  cycles = 0;
  waiting = 0;
  error: Error | undefined;
  /** Called at the start of each cycle. */
  during: () => Promise<void> = async () => {};

  async cycle(): Promise<boolean> {
    this.cycles++;
    await this.during();
    if (this.error !== undefined) throw this.error;
    if (this.waiting > 0) this.waiting--;
    return this.waiting > 0;
  }

  async isDone(): Promise<boolean> {
    return this.waiting === 0;
  }
}

const AWAY = new ArchiveError('PostgreSQL', new Error('connection refused'));

describe('Archiver', function () {
  this.timeout(10_000);
  let work: TestWork;
  let lines: Array<Record<string, unknown>>;
  let archiver: Archiver;
  const open = (intervalMs: number): Archiver => {
    const logged = recordedLog();
    lines = logged.lines;
    work = new TestWork();
    archiver = new Archiver(work, logged.log, intervalMs);
    return archiver;
  };
  afterEach(() => archiver.close());

  it('does not pause while more messages wait', async () => {
    open(60_000);
    work.waiting = 50;
    archiver.start();
    await until(() => work.waiting === 0);
    expect(work.cycles).to.equal(50);
  });

  it('runs again after the interval when no message waits', async () => {
    open(20);
    archiver.start();
    const started = performance.now();
    await until(() => work.cycles === 5);
    expect(performance.now() - started).to.be.at.least(75);
  });

  it('runs at once when it is woken, also if that happened while it worked', async () => {
    open(60_000);
    archiver.start();
    await until(() => work.cycles === 1);
    let working = (): void => {};
    work.during = () =>
      new Promise((resolve) => {
        working = resolve;
      });
    archiver.wake();
    archiver.wake();
    await until(() => work.cycles === 2);
    // This message may be too late for the current cycle.
    archiver.wake();
    working();
    await until(() => work.cycles === 3);
    working();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(work.cycles).to.equal(3);
  });

  it('is not woken from a pause after a failure', async () => {
    open(1);
    work.error = AWAY;
    const started = performance.now();
    archiver.start();
    await until(() => {
      archiver.wake();
      return work.cycles === 3;
    });
    expect(performance.now() - started, '250 and 500 ms, less up to half').to.be.at.least(370);
  });

  it('retries during an outage with growing pauses, and logs one line for it', async () => {
    open(1);
    work.error = AWAY;
    const started = performance.now();
    archiver.start();
    await until(() => work.cycles === 4);
    expect(performance.now() - started, '250, 500 and 1000 ms, less up to half').to.be.at.least(800);
    expect(archiver.failure).to.equal('PostgreSQL does not answer');
    expect(lines.map(({ level }) => level)).to.deep.equal([40]);
    expect(lines[0]?.error).to.equal('ArchiveError: PostgreSQL: connection refused');
    work.error = undefined;
    await until(() => lines.length === 2);
    expect(lines[1]).to.include({ level: 30, msg: 'messages can be stored again' });
    expect(archiver.failure).to.equal(undefined);
  });

  it('finishes its batch when it is closed, and starts no other', async () => {
    open(1);
    let finish = (): void => {};
    work.waiting = 5;
    work.during = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    archiver.start();
    await until(() => work.cycles === 1);
    let closed = false;
    const closing = archiver.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).to.equal(false);
    finish();
    await closing;
    expect(work.cycles).to.equal(1);
  });

  it('ends at once when it is closed in a pause', async () => {
    open(60_000);
    archiver.start();
    await until(() => work.cycles === 1);
    await archiver.close();
    await archiver.close();
  });

  it('stores all waiting messages when it is flushed', async () => {
    open(60_000);
    archiver.start();
    await until(() => work.cycles === 1);
    work.waiting = 20;
    expect(await archiver.flush(5_000)).to.equal(true);
    expect(work.waiting).to.equal(0);
  });

  it('reports when it could not flush in time', async () => {
    open(60_000);
    work.waiting = 1;
    work.error = AWAY;
    expect(await archiver.flush(300)).to.equal(false);
  });
});
