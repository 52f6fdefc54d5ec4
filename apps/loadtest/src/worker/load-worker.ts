import type { Checking, RoomChecker } from '../check/room-checker.js';
import type { Dialect } from '../dialect.js';
import { makePlan, type Plan, type Share } from '../plan/plan.js';
import { now } from '../run/clock.js';
import type { Tick, ToWorker, WorkerReport } from '../run/ipc.js';
import type { Scenario } from '../scenario.js';
import { Connection } from './connection.js';
import { Meters } from './meters.js';
import { Churn } from './pace/churn.js';
import { Driver, type Timing } from './pace/driver.js';
import { Ramp } from './pace/ramp.js';
import { Schedule } from './pace/schedule.js';
import { Ticker } from './pace/ticker.js';
import { LazyWheel } from './socket/lazy-wheel.js';
import { StrainGauge } from './strain-gauge.js';
import type { Place, World } from './world.js';

type Prepare = Extract<ToWorker, { type: 'prepare' }>;

export const timing: Timing = {
  now,
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/** One worker's part of a run. */
export class LoadWorker {
  readonly #scenario: Scenario;
  readonly #plan: Plan;
  readonly #share: Share;
  readonly #meters: Meters;
  readonly #checkers = new Map<number, RoomChecker>();
  readonly #connections: readonly Connection[];
  readonly #lazyWheel: LazyWheel;
  readonly #gauge = new StrainGauge();
  readonly #ramp: Ramp;
  readonly #driver: Driver;
  readonly #churn: Churn;
  #ticker: Ticker | undefined;

  constructor(
    { scenario, worker, identities, roomIds }: Prepare,
    dialect: Dialect,
    checking: Checking,
    allConnected: () => void,
  ) {
    const plan = makePlan(scenario, dialect.oneRoom);
    this.#scenario = scenario;
    this.#plan = plan;
    this.#share = plan.workers[worker] ?? { first: 0, end: 0 };
    this.#meters = new Meters(scenario, plan);
    this.#lazyWheel = new LazyWheel(scenario.lazyReadMs);
    const world: World = {
      dialect,
      meters: this.#meters,
      payload: scenario.payload,
      lazyWheel: this.#lazyWheel,
      resumable: false,
      roomOf: plan.roomOf,
      checkerOf: (room) => this.#checkers.get(room),
      poke: (at) => {
        this.#driver.poke(at);
        this.#ticker?.poke(at);
      },
      settled: () => this.#ramp.settled(),
    };
    const { first, end } = this.#share;
    const placesOf = this.#places(checking, roomIds);
    const urls = scenario.targets.map((url) => new URL(url));
    const { sourceAddresses, reconnectOverMs, reconnectElsewhere } = scenario;
    const elsewhere = urls.map(({ href }) =>
      reconnectElsewhere ? urls.filter((other) => other.href !== href) : [],
    );
    this.#connections = identities.map((identity, offset) => {
      const index = first + offset;
      const target = plan.targetOf(index);
      return new Connection(
        world,
        {
          index,
          identity,
          target: { index: target, url: urls[target] ?? new URL('ws://127.0.0.1') },
          elsewhere: elsewhere[target] ?? [],
          reconnectOverMs,
          localAddress: sourceAddresses[index % Math.max(1, sourceAddresses.length)],
          lazy: plan.isLazy(index),
          slow: plan.isSlow(index),
        },
        placesOf(index),
      );
    });
    const share = (end - first) / plan.connections;
    const inOrder = scenario.shuffled ? shuffled(this.#connections) : this.#connections;
    this.#ramp = new Ramp(inOrder, scenario.ramp * share, timing, () => {
      this.#meters.connectDone();
      allConnected();
    });
    this.#driver = new Driver(new Schedule(plan, this.#share), scenario.rate, timing, (message, due) => {
      const connection = plan.connectionOf(plan.senderOf(message));
      this.#connections[connection - first]?.publish(message, due, plan.roomOf(message));
    });
    this.#churn = new Churn(scenario, timing, (cut) => this.#cut(cut));
  }

  /** @param began start of the first second */
  connect(began: number, ticked: (tick: Tick) => void): void {
    this.#ticker = new Ticker(began, timing, (second) => ticked(this.#tick(second)));
    this.#ramp.start();
  }

  load(t0: number): void {
    this.#ramp.stop();
    this.#meters.began(t0);
    for (const connection of this.#connections) {
      const away = connection.state !== 'in';
      // A connection that is not in its rooms now is no receiver and must not come in later.
      if (away) connection.end();
      else if (connection.slow) connection.stopReading();
      if (!away && !connection.slow) continue;
      for (const { checker, member } of connection.slots.all) checker.exclude(member);
    }
    this.#driver.start(t0);
    this.#churn.start(t0);
  }

  /** Stops sending and cutting sockets. */
  quieten(): void {
    this.#ramp.stop();
    this.#driver.stop();
    this.#churn.stop();
  }

  /** Whether everything that this worker knows of has arrived. */
  get quiet(): boolean {
    return this.#connections.every((connection) => connection.quiet);
  }

  #tick(second: number): Tick {
    const { lateMs, ...counts } = this.#meters.tick();
    let connected = 0;
    for (const { state } of this.#connections) if (state === 'in') connected++;
    return {
      second,
      connections: this.#ramp.started,
      connected,
      connectFailures: this.#meters.connectFailures,
      ...counts,
      strain: { ...this.#gauge.read(), lateMs },
    };
  }

  /** Ends everything. */
  finish(): WorkerReport {
    this.quieten();
    this.#ticker?.stop();
    let resumesFailed = 0;
    const perConnection: number[] = [];
    for (const connection of this.#connections) {
      if (connection.failedToReturn) resumesFailed++;
      for (let times = perConnection.length; times <= connection.returns; times++) perConnection.push(0);
      perConnection[connection.returns] = (perConnection[connection.returns] ?? 0) + 1;
      connection.end();
    }
    this.#lazyWheel.close();
    this.#gauge.close();
    const rooms = [...this.#checkers.values()].map((checker) => checker.report());
    return { ...this.#meters.report(resumesFailed, perConnection), rooms };
  }

  /** Numbers the members of each room, one connection after the other. */
  #places(checking: Checking, roomIds: readonly number[]): (connection: number) => Place[] {
    const { first, end } = this.#share;
    const members = new Map<number, number>();
    for (let connection = first; connection < end; connection++) {
      for (const room of this.#plan.roomsOf(connection)) members.set(room, (members.get(room) ?? 0) + 1);
    }
    for (const [room, count] of members) {
      this.#checkers.set(
        room,
        checking.roomChecker(room, count, this.#plan.isWhole(room), this.#plan.senderOf),
      );
    }
    const taken = new Map<number, number>();
    return (connection) =>
      [...this.#plan.roomsOf(connection)].flatMap((room) => {
        const [checker, roomId] = [this.#checkers.get(room), roomIds[room]];
        if (checker === undefined || roomId === undefined) return [];
        const member = taken.get(room) ?? 0;
        taken.set(room, member + 1);
        return [{ room, roomId, checker, member }];
      });
  }

  #cut(cut: number): void {
    const connection = this.#plan.churned(cut) - this.#share.first;
    this.#connections[connection]?.cut(this.#scenario.churnAwayMs);
  }
}

/** Algorithm of Fisher and Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let end = order.length - 1; end > 0; end--) {
    const at = Math.floor(Math.random() * (end + 1));
    const [last, other] = [order[end], order[at]];
    if (last !== undefined && other !== undefined) [order[end], order[at]] = [other, last];
  }
  return order;
}
