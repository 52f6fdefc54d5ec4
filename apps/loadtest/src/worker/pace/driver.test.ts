import { expect } from 'chai';
import { makePlan } from '../../plan/plan.js';
import { scenarioSchema } from '../../scenario.js';
import { Driver, type Timing } from './driver.js';
import { Schedule } from './schedule.js';

/** A clock that tests move. */
class FakeTime implements Timing {
  #now = 0;
  #timers: Array<{ at: number; action: () => void }> = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass and timers fire; with `stall` all late ones fire at its end. */
  pass(ms: number, stall = false): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = stall ? end : next.at;
      next.action();
    }
    this.#now = end;
  }
}

const scenario = scenarioSchema.parse({
  targets: ['ws://127.0.0.1:1'],
  connections: 40,
  rooms: 4,
  membersPerRoom: 10,
  rate: 100,
  warmUpMs: 0,
  durationMs: 1_000,
  workers: 2,
});

function set(worker = 0, workers = 1) {
  const plan = makePlan({ ...scenario, workers }, true);
  const time = new FakeTime();
  const sent: Array<{ message: number; due: number; at: number }> = [];
  const schedule = new Schedule(plan, plan.workers[worker] ?? { first: 0, end: 0 });
  const driver = new Driver(schedule, scenario.rate, time, (message, due) => {
    sent.push({ message, due, at: time.now() });
  });
  return { driver, time, sent };
}

describe('the open-loop driver', () => {
  it('sends every message when it is due, and then no more', () => {
    const { driver, time, sent } = set();
    driver.start(500);
    time.pass(499);
    expect(sent).to.have.length(0);
    time.pass(10_000);
    expect(sent.map(({ message }) => message)).to.deep.equal(
      Array.from({ length: 100 }, (_, index) => index),
    );
    for (const { message, due, at } of sent) {
      expect(due).to.be.closeTo(500 + message * 10, 1e-6);
      expect(at).to.be.closeTo(due, 1e-6);
    }
    expect(time.timers).to.equal(0);
  });

  it('makes up for a stall at once, and reports when each message was due', () => {
    const { driver, time, sent } = set();
    driver.start(0);
    time.pass(100);
    const before = sent.length;
    time.pass(200, true);
    const late = sent.slice(before);
    expect(late).to.have.length(20);
    for (const { at } of late) expect(at).to.equal(300);
    expect(late[0]?.due).to.be.closeTo(110, 1e-6);
    expect(late.at(-1)?.due).to.be.closeTo(300, 1e-6);
  });

  it('sends due messages as soon as it is poked, and not again by its timer', () => {
    const { driver, time, sent } = set();
    driver.start(0);
    time.pass(5);
    driver.poke(10.5);
    expect(sent.map(({ message }) => message)).to.deep.equal([0, 1]);
    time.pass(10);
    expect(sent.map(({ message }) => message)).to.deep.equal([0, 1]);
    time.pass(6);
    expect(sent.map(({ message }) => message)).to.deep.equal([0, 1, 2]);
  });

  it('shares the messages among workers, without gaps or duplicates', () => {
    const sent = [0, 1].flatMap((worker) => {
      const { driver, time, sent } = set(worker, 2);
      driver.start(0);
      time.pass(2_000);
      return sent.map(({ message }) => message);
    });
    expect(sent).to.have.length(100);
    expect(new Set(sent).size).to.equal(100);
  });

  it('sends nothing more once it is stopped, by timer or poke', () => {
    const { driver, time, sent } = set();
    driver.start(0);
    time.pass(100);
    driver.stop();
    const count = sent.length;
    driver.poke(10_000);
    time.pass(10_000);
    expect(sent).to.have.length(count);
    expect(time.timers).to.equal(0);
  });
});
