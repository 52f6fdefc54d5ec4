import { UnavailableError } from '@chorus/redis';
import { createPrng, type Prng, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { isAfter, type Position, type StoredMessage } from '../broker.js';
import { RoomFeedRegistry } from '../feeds/room-feed-registry.js';
import { IGNORE } from './feeds.js';
import { checkClient, type ReturningClient, type Stored } from './replay-check.js';
import { ScriptedBroker } from './scripted-broker.js';

const ROOM = 7;
const FIRST = { epoch: 1_000, seq: 10 };

/** One room over a broker with random events of every kind, in an order that the seed determines. */
export class ReplayWorld {
  readonly clients: ReturningClient[] = [];
  readonly #broker = new ScriptedBroker();
  readonly #stored: Stored[] = [];
  /** Published messages that have not arrived yet. */
  #wire: StoredMessage[] = [];
  #restarted = false;
  readonly #trims: boolean;
  readonly #limits: { recoveryMaxMessages: number; replayRoomBytes: number; pageSize: number };
  #feeds: RoomFeedRegistry | undefined;
  readonly #prng: Prng;
  readonly #steps: Array<[weight: number, step: () => void]>;

  constructor(seed: number) {
    this.#prng = createPrng(seed);
    this.#limits = {
      recoveryMaxMessages: this.#prng.pick([5, 30, 10_000]),
      replayRoomBytes: this.#prng.pick([1_500, 10_000, 16_000_000]),
      pageSize: this.#prng.pick([2, 3, 7, 50]),
    };
    this.#trims = this.#prng.next() < 0.5;
    const restarts = this.#prng.pick([0, 1]);
    this.#steps = [
      [20, () => this.#publish()],
      [20, () => this.#arrive()],
      [2, () => this.#wire.splice(this.#prng.below(this.#wire.length), 1)],
      [1, () => this.#interrupt()],
      [this.#trims ? 2 : 0, () => this.#trim()],
      [restarts, () => this.#restart()],
      [restarts, () => this.#comeBackOlder()],
      [2, () => this.#broker.slow.add(this.#prng.pick(['between', 'position']))],
      [2, () => this.#broker.slow.clear()],
      [1, () => this.#broker.failing.add(this.#prng.pick(['between', 'position']))],
      [8, () => this.#broker.failing.clear()],
      [15, () => this.#broker.releaseOne((count) => this.#prng.below(count))],
      [8, () => this.#return()],
      [25, () => this.#read()],
    ];
  }

  async run(steps: number): Promise<void> {
    this.#broker.room(ROOM, FIRST);
    this.#broker.late = () => this.#prng.next() < 0.5;
    const feeds = new RoomFeedRegistry(this.#broker, {
      lingerMs: 0,
      retryMs: 1,
      replayKeepMs: this.#prng.pick([0, 5]),
      replayBytes: this.#limits.replayRoomBytes,
      ...this.#limits,
      log: silentLog,
    });
    const onMessage = (_roomId: number, _position: Position, frame: Uint8Array): void =>
      this.#hear(Buffer.from(frame).toString());
    feeds.listen({ ...IGNORE, onMessage }, IGNORE);
    this.#broker.listen(feeds);
    this.#feeds = feeds;
    await feeds.acquire(ROOM);
    const total = this.#steps.reduce((sum, [weight]) => sum + weight, 0);
    for (let n = 0; n < steps; n++) {
      let at = this.#prng.next() * total;
      const step = this.#steps.find(([weight]) => {
        at -= weight;
        return at < 0;
      });
      step?.[1]();
      if (this.#prng.next() < 0.7) await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#settle();
  }

  async close(): Promise<void> {
    await this.#feeds?.close();
  }

  /** See {@link checkClient}. */
  checkClients(): void {
    for (const client of this.clients) checkClient(client, this.#stored, this.#trims);
  }

  /** In a world without disturbances, no possible replay is refused. */
  async checkRefusals(): Promise<void> {
    const history = this.#broker.rooms.get(ROOM) ?? [];
    const at = this.#feeds?.position(ROOM) ?? FIRST;
    const positions = [
      FIRST,
      ...this.#stored,
      at,
      { epoch: at.epoch, seq: at.seq + 1 },
      { epoch: 1, seq: 0 },
    ];
    await until('the end of what was kept', () => this.#feeds?.stats.replayBytes === 0);
    const before = this.clients.length;
    await Promise.all(positions.map((since) => this.#ask(since)));
    for (const client of this.clients.slice(before)) {
      const { since } = client;
      const missed = history.filter((message) => isAfter(message, since));
      const same = (other: Position): boolean => other.epoch === since.epoch && other.seq === since.seq;
      const exact =
        same(at) ||
        history.some(same) ||
        (missed[0]?.epoch === since.epoch && missed[0].seq === since.seq + 1);
      const bytes = history.filter((message) => !isAfter(since, message)).length * 200;
      const fits = missed.length <= this.#limits.recoveryMaxMessages && bytes < this.#limits.replayRoomBytes;
      const about = `since ${since.epoch}-${since.seq} at ${at.epoch}-${at.seq}`;
      if (!exact) expect(client.state, about).to.equal('refused');
      else if (fits) expect(client.state, about).to.equal('reading');
    }
    while (this.clients.some(({ state }) => state === 'reading')) this.#read();
  }

  #publish(): void {
    const epoch = this.#restarted ? this.#broker.lastEpoch + 1 + this.#prng.below(3) : undefined;
    this.#restarted = false;
    for (let count = 1 + this.#prng.below(4); count > 0; count--) {
      const message = this.#broker.store(ROOM, epoch);
      this.#wire.push(message);
      this.#stored.push({
        epoch: message.epoch,
        seq: message.seq,
        text: message.frame.toString(),
        lost: false,
      });
    }
  }

  #arrive(): void {
    for (let count = 1 + this.#prng.below(5); count > 0 && this.#wire.length > 0; count--) {
      const outOfOrder = this.#prng.next() < 0.05;
      const [message] = this.#wire.splice(outOfOrder ? this.#prng.below(this.#wire.length) : 0, 1);
      if (message === undefined) return;
      this.#broker.arrive(ROOM, message);
      if (this.#prng.next() < 0.05) this.#broker.arrive(ROOM, message);
    }
  }

  #interrupt(): void {
    this.#wire = [];
    this.#broker.listener?.onResumed();
  }

  #trim(): void {
    const history = this.#broker.rooms.get(ROOM) ?? [];
    history.splice(0, this.#prng.below(history.length + 1));
  }

  /** Restarts with complete data, in a new incarnation. */
  #restart(): void {
    this.#restarted = true;
    this.#interrupt();
  }

  #comeBackOlder(): void {
    const history = this.#broker.rooms.get(ROOM) ?? [];
    const gone = history.splice(history.length - Math.min(this.#prng.below(5), history.length));
    const [first] = gone;
    if (first !== undefined) {
      const left = history.at(-1) ?? this.#stored.filter((stored) => isAfter(first, stored)).at(-1) ?? FIRST;
      this.#broker.positions.set(ROOM, { epoch: left.epoch, seq: first.seq - 1 });
      for (const stored of this.#stored) {
        if (gone.some(({ epoch, seq }) => stored.epoch === epoch && stored.seq === seq)) stored.lost = true;
      }
    }
    this.#restart();
  }

  #return(): void {
    const last = this.#stored.at(-1) ?? FIRST;
    const recent = this.#stored.slice(-this.#prng.pick([3, 20, 1_000]));
    const since = this.#prng.pick<Position>([
      recent[this.#prng.below(recent.length)] ?? FIRST,
      recent[this.#prng.below(recent.length)] ?? FIRST,
      recent[this.#prng.below(recent.length)] ?? FIRST,
      this.#feeds?.position(ROOM) ?? FIRST,
      this.#prng.pick<Position>([
        FIRST,
        { epoch: last.epoch, seq: last.seq + 1 + this.#prng.below(5) },
        { epoch: last.epoch + 1 + this.#prng.below(3), seq: this.#prng.below(last.seq) },
        { epoch: last.epoch - 1, seq: this.#prng.below(last.seq) },
      ]),
    ]);
    void this.#ask(since);
  }

  async #ask({ epoch, seq }: Position): Promise<void> {
    const client: ReturningClient = { since: { epoch, seq }, seen: [], state: 'asking' };
    this.clients.push(client);
    try {
      const replay = await this.#feeds?.replay(ROOM, client.since);
      client.state = replay === undefined ? 'refused' : 'reading';
      if (replay !== undefined) Object.assign(client, { replay, upTo: replay.upTo });
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      client.state = 'unavailable';
    }
  }

  #read(): void {
    const reading = this.clients.filter(({ state }) => state === 'reading');
    const client = reading[this.#prng.below(reading.length)];
    if (client === undefined) return;
    const frames = client.replay?.next(this.#prng.pick([1, 40, 1_000]));
    for (const frame of frames ?? []) client.seen.push(Buffer.from(frame).toString());
    if (frames !== undefined && frames.length > 0) return;
    client.state = frames === undefined ? 'gone' : 'live';
    const at = this.#feeds?.position(ROOM);
    if (frames !== undefined && at !== undefined) client.liveFrom = at;
    client.replay?.end();
  }

  #hear(text: string): void {
    for (const client of this.clients) if (client.state === 'live') client.seen.push(text);
  }

  /** Ends all disturbances and completes all replays. */
  async #settle(): Promise<void> {
    this.#broker.failing.clear();
    for (const method of ['between', 'position'] as const) this.#broker.release(method);
    this.#interrupt();
    await until('an answer to everybody', () => {
      const busy = this.clients.some(({ state }) => state === 'asking') || this.#feeds?.stats.behind !== 0;
      return !busy;
    });
    while (this.clients.some(({ state }) => state === 'reading')) this.#read();
  }
}
