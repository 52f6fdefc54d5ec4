import { setTimeout as sleep } from 'node:timers/promises';
import { isAfter, type Position } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import { createPrng, type Prng } from '@chorus/testing';
import type { Troubled } from '../faults/client-faults.js';
import type { Conversation } from '../history/conversation.js';
import type { World } from '../worlds/world.js';
import type { Caller } from './ask.js';
import { type Actor, type Cast, signUpCast } from './cast.js';
import { Chatter } from './chatter.js';
import { type Draft, Records } from './draft.js';
import { foundRooms } from './found-rooms.js';
import { observeEnd } from './observe-end.js';
import { Owner } from './owner.js';
import { Reader } from './reader.js';
import { Recorder } from './recorder.js';
import { Talker } from './talker.js';

/** Messages and changes per second, of all talkers together. */
const RATE = 16;
/** Sockets that record all entries, on different gateways. */
const AUDITORS = 3;
const SOCKETS_OF_A_MOVER = 2;
const ENTERED_MS = 30_000;
const SETTLED_MS = 60_000;
const UP_TO_DATE_MS = 15_000;
const LOOK_MS = 100;

export interface ConversationOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Receives what is not as it must be. */
  say(line: string): void;
}

/**
 * Private, direct and public rooms in which members are added and removed, and messages are edited, appended to, reacted to and deleted,
 * while users who are not members try to get in.
 */
export class Conversations implements Closeable {
  readonly #auditors: Recorder[] = [];
  readonly #others: Recorder[] = [];
  readonly #owners: Owner[] = [];
  readonly #talkers: Talker[];
  readonly #chatter: Chatter;
  readonly #prng: Prng;
  readonly #reading = new AbortController();
  readonly #requests = new Set<() => void>();
  #readers: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly world: World,
    private readonly cast: Cast,
    private readonly records: Records,
    private readonly options: ConversationOptions,
  ) {
    const prng = createPrng(options.seed + 2);
    this.#prng = prng;
    const all = records.all;
    const roomIds = all.map(({ roomId }) => roomId);
    const random = (): Prng => createPrng(prng.between(0, 2 ** 31));
    this.#talkers = cast.talkers.map((user) => {
      const { next } = random();
      return new Talker({
        ...{ user, token: user.token, roomIds, records, random: next },
        ...{ url: () => this.#gateway(next), apiUrl: world.url },
      });
    });
    const [moderator] = this.#talkers;
    if (moderator === undefined) throw new Error('there are no talkers');
    this.#chatter = new Chatter(this.#talkers, moderator, records, random());
    const recorder = (user: Actor, name: string, url: () => string): Recorder =>
      new Recorder({ name, user, token: user.token, url, roomIds, records, prng: random() });
    for (let index = 0; index < AUDITORS; index++) {
      this.#auditors.push(recorder(cast.owner, `auditor-${index}`, () => this.#nthGateway(index)));
    }
    for (const user of [...cast.movers, ...cast.outsiders]) {
      const { next } = random();
      const count = cast.movers.includes(user) ? SOCKETS_OF_A_MOVER : 1;
      for (let index = 0; index < count; index++) {
        this.#others.push(recorder(user, `${user.username}/${index}`, () => this.#gateway(next)));
      }
    }
    for (const room of all.filter(({ kind }) => kind !== 'direct')) {
      const onRequest = (): void => {
        for (const resolve of this.#requests) resolve();
        this.#requests.clear();
      };
      const { movers } = cast;
      this.#owners.push(
        new Owner({ room, movers, caller: this.#caller(cast.owner), prng: random(), onRequest }),
      );
    }
  }

  /** Resolves when the members are in the rooms. Nothing may be broken yet. */
  static async start(world: World, options: ConversationOptions): Promise<Conversations> {
    const cast = await signUpCast(world);
    const caller = { url: world.url, token: cast.owner.token, signal: options.signal };
    const conversations = new Conversations(
      world,
      cast,
      new Records(await foundRooms(caller, cast)),
      options,
    );
    try {
      await conversations.#enter();
    } catch (error) {
      await conversations.close();
      throw error;
    }
    return conversations;
  }

  /** Clients that faults can disturb. */
  get troubled(): readonly Troubled[] {
    return this.#talkers;
  }

  work(): void {
    this.#chatter.start(RATE);
    for (const owner of this.#owners) owner.start();
    const readers = this.#users().map((user) => this.#reader(user).readUntilAborted());
    this.#readers = Promise.all(readers);
  }

  /** Resolves when the next change of members was requested. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#requests.add(resolve);
    });
  }

  /** Stops sending, after the last fault, and resolves when every member has everything. */
  async settle(): Promise<void> {
    this.#chatter.stop();
    await Promise.all(this.#owners.map((owner) => owner.stop()));
    await this.#until(
      SETTLED_MS,
      () => this.#chatter.waiting === 0 && this.#talkers.every(({ whole }) => whole),
    );
    for (const each of this.#unanswered()) this.options.say(`without a result: ${JSON.stringify(each)}`);
    await this.#until(UP_TO_DATE_MS, () => this.#behind().length === 0);
    for (const line of this.#behind()) this.options.say(line);
    this.#reading.abort();
    await this.#readers;
  }

  /** Returns everything that was observed. To be called when all is quiet. */
  async observe(): Promise<Conversation[]> {
    for (const user of this.#users()) {
      const reader = this.#reader(user, this.options.signal);
      await this.#until(SETTLED_MS, () => reader.readInbox());
    }
    return observeEnd({
      ...{ world: this.world, records: this.records, talkers: this.#talkers, owner: this.cast.owner },
      ...{ caller: this.#caller(this.cast.owner), prng: this.#prng },
    });
  }

  async close(): Promise<void> {
    this.#chatter.stop();
    this.#reading.abort();
    for (const recorder of [...this.#auditors, ...this.#others]) recorder.close();
    for (const talker of this.#talkers) talker.close();
  }

  async #enter(): Promise<void> {
    for (const client of [...this.#talkers, ...this.#auditors, ...this.#others]) client.start();
    const roomIds = this.records.all.map(({ roomId }) => roomId);
    const areIn = (): boolean =>
      this.#talkers.every(({ whole }) => whole) &&
      this.#auditors.every((auditor) => roomIds.every((roomId) => auditor.isIn(roomId)));
    await this.#until(ENTERED_MS, areIn);
    if (!areIn()) throw new Error('members did not get into their private and direct rooms');
  }

  #unanswered(): object[] {
    return this.records.all.flatMap(({ actions, growths }) =>
      [...actions, ...growths].filter(({ endedAt }) => endedAt === undefined),
    );
  }

  /** Returns who lacks what is known of a room. */
  #behind(): string[] {
    return this.records.all.flatMap((draft) => {
      const newest = newestOf(draft);
      if (newest === undefined) return [];
      const lacks = (position: Position | undefined): boolean =>
        position === undefined || isAfter(newest, position);
      const who = [
        ...this.#auditors.filter((each) => lacks(each.position(draft.roomId))).map(({ name }) => name),
        ...this.#talkers
          .filter(({ rooms }) => lacks(rooms.get(draft.roomId)?.room.position))
          .map(({ userId }) => `user ${userId}`),
      ];
      return who.map((name) => `${name} has not everything of room ${draft.roomId}`);
    });
  }

  async #until(withinMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await holds()) && performance.now() < deadline) {
      await sleep(LOOK_MS, undefined, { signal: this.options.signal });
    }
  }

  #users(): Actor[] {
    const { owner, talkers, movers, outsiders } = this.cast;
    return [owner, ...talkers, ...movers, ...outsiders];
  }

  /** @param signal default: until it settles */
  #reader(user: Actor, signal = AbortSignal.any([this.options.signal, this.#reading.signal])): Reader {
    const roomIds = this.records.all.map(({ roomId }) => roomId);
    const prng = createPrng(this.#prng.between(0, 2 ** 31));
    return new Reader({ ...this.#caller(user), signal }, user.id, roomIds, this.records, prng);
  }

  #caller({ token }: Actor): Caller {
    return { url: this.world.url, token, signal: this.options.signal };
  }

  #gateway(random: () => number): string {
    return this.#nthGateway(Math.floor(random() * AUDITORS));
  }

  /** Gateways come and go: the nth of those that run. */
  #nthGateway(index: number): string {
    const running = this.world.gateways.filter((gateway) => gateway.running);
    return running[index % running.length]?.url ?? this.world.url;
  }
}

function newestOf({ receipts }: Draft): Position | undefined {
  let newest: Position | undefined;
  for (const { entry } of receipts) if (newest === undefined || isAfter(entry, newest)) newest = entry;
  return newest;
}
