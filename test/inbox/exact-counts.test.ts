import { randomBytes } from 'node:crypto';
import type { InboxRoom } from '@chorus/client';
import type { Member, Mention } from '@chorus/protocol';
import { createPrng, type Prng } from '@chorus/testing';
import { expect } from 'chai';
import { HandCount } from './hand-count.js';
import { InboxServers } from './inbox-servers.js';

const USERS = ['ann', 'ben', 'cat', 'dan'].map((username, at) => ({ id: at + 1, username }));
const [ANN] = USERS as [Member];
const STEPS = 120;

/** Does random things and compares the inboxes of all users with what counting by hand gives after each. */
class RandomWalk {
  readonly hand = new HandCount();
  /** Whether members changed since everything was stored. */
  #membersChanged = false;
  #sent = 0;

  constructor(
    private readonly servers: InboxServers,
    private readonly random: Prng,
    /** Whether archivers run all the time, instead of at some steps. */
    private readonly archiving: boolean,
  ) {}

  async createRooms(): Promise<void> {
    for (const kind of ['private', 'public', 'private']) await this.#createRoom(kind);
    await this.servers.archive();
    this.hand.stored();
  }

  /** @returns what was done */
  async step(): Promise<string> {
    const { random, hand } = this;
    const room = random.pick(hand.roomIds);
    const dice = random.below(100);
    if (dice < 40) return this.#send(room);
    if (dice < 55) return this.#read(room, false);
    if (dice < 63) return this.#read(room, true);
    if (dice < 71) return this.#delete(room);
    if (dice < 79) return this.#edit(room);
    if (dice < 85) return this.#changeMember(room);
    if (dice < 86) return this.#replaceRoom(room);
    if (this.archiving) return this.#send(room);
    if (dice < 91) return this.#storeReads();
    return dice < 98 ? this.#archive() : this.#loseRedis();
  }

  async check(after: string): Promise<void> {
    for (const user of USERS) {
      const { rooms, next } = await this.servers.ok(user, 'GET', '/api/inbox');
      expect(next, after).to.equal(null);
      for (const entry of rooms) this.#compare(user, entry, after);
      const ids = rooms.map(({ room }: { room: { id: number } }) => room.id);
      expect(ids, `rooms of ${user.username} after ${after}`).to.have.members(this.hand.roomsOf(user.id));
    }
  }

  #compare(user: Member, entry: InboxRoom, after: string): void {
    const { room, n, unread, mentions, readN, lastMessage } = entry;
    const last = lastMessage && {
      ...{ position: `${lastMessage.epoch}-${lastMessage.seq}`, content: lastMessage.content },
      deleted: 'deleted' in lastMessage,
    };
    const found = { n, unread, mentions, readN, last: last ?? undefined };
    expect(found, `${user.username} in ${room.id} after ${after}`).to.deep.equal(
      this.hand.expected(room.id, user.id),
    );
  }

  async #createRoom(kind: string): Promise<void> {
    const { id } = await this.servers.ok(ANN, 'POST', '/api/rooms', { name: 'room', kind });
    this.hand.addRoom(id, ANN.id);
    this.#membersChanged = true;
  }

  #member(room: number): Member {
    const id = this.random.pick(this.hand.members(room));
    return USERS.find((user) => user.id === id) ?? ANN;
  }

  #mentions(by: Member): Mention[] {
    const { random } = this;
    if (random.below(3) > 0) return [];
    const users = random.shuffled(USERS.map(({ id }) => id)).slice(0, random.between(0, 2));
    // In public rooms only moderators may mention all members.
    return by === ANN && random.below(3) === 0 ? [...users, 'room'] : users;
  }

  async #send(room: number): Promise<string> {
    const user = this.#member(room);
    const mentions = this.#mentions(user);
    const content = `message ${this.#sent++}`;
    const at = await this.servers.ok(user, 'POST', `/api/rooms/${room}/messages`, { content, mentions });
    this.hand.sent(room, user.id, place(at), content, mentions);
    return `${user.username} sends ${content} to ${room}, mentions ${mentions}`;
  }

  async #read(room: number, unread: boolean): Promise<string> {
    const { random, hand } = this;
    const user = this.#member(room);
    const positions = hand.positions(room);
    const beyond = positions.length === 0 || random.below(4) === 0;
    const position = beyond ? undefined : random.pick(positions);
    const body = { position: position ?? '9007199254740991-1', unread };
    const { readN } = await this.servers.ok(user, 'PUT', `/api/rooms/${room}/read`, body);
    hand.read(room, user.id, position, unread);
    expect(readN).to.equal(hand.expected(room, user.id).readN);
    return `${user.username} marks ${room} ${unread ? 'un' : ''}read at ${position}`;
  }

  async #delete(room: number): Promise<string> {
    const target = this.#pick(this.hand.messages(room));
    if (target === undefined) return this.#send(room);
    const at = await this.servers.ok(ANN, 'DELETE', `/api/rooms/${room}/messages/${target}`);
    this.hand.deleted(room, target, place(at));
    return `ann deletes ${target} in ${room}`;
  }

  async #edit(room: number): Promise<string> {
    const user = this.#member(room);
    const target = this.#pick(this.hand.messages(room, user.id));
    if (target === undefined) return this.#send(room);
    const mentions = this.random.below(3) === 0 ? undefined : this.#mentions(user);
    const content = `edited ${this.#sent++}`;
    const path = `/api/rooms/${room}/messages/${target}`;
    const at = await this.servers.ok(user, 'PATCH', path, { content, ...(mentions && { mentions }) });
    this.hand.edited(room, target, place(at), content, mentions);
    return `${user.username} edits ${target} in ${room}, mentions ${mentions}`;
  }

  async #changeMember(room: number): Promise<string> {
    const user = this.random.pick(USERS.slice(1));
    const path = `/api/rooms/${room}/members/${user.id}`;
    this.#membersChanged = true;
    if (this.hand.members(room).includes(user.id)) {
      await this.servers.ok(ANN, 'DELETE', path);
      this.hand.removed(room, user.id);
      return `${user.username} is removed from ${room}`;
    }
    await this.servers.ok(ANN, 'PUT', path, {});
    this.hand.added(room, user.id);
    return `${user.username} is added to ${room}`;
  }

  /** Deletes a room; the next one gets its id. */
  async #replaceRoom(room: number): Promise<string> {
    await this.servers.ok(ANN, 'DELETE', `/api/rooms/${room}`);
    this.hand.removeRoom(room);
    const body = { id: room, name: 'next', kind: 'private' };
    await this.servers.ok(ANN, 'POST', '/api/rooms', body);
    this.hand.addRoom(room, ANN.id);
    this.#membersChanged = true;
    return `room ${room} is replaced`;
  }

  async #archive(): Promise<string> {
    await this.servers.archive();
    this.hand.stored();
    this.#membersChanged = false;
    return 'everything is stored';
  }

  async #storeReads(): Promise<string> {
    await this.servers.storeReads();
    this.hand.readsStored();
    return 'read positions are stored';
  }

  async #loseRedis(): Promise<string> {
    // Members are in the database before their entries are.
    if (this.#membersChanged) await this.#archive();
    await this.servers.loseRedis();
    this.hand.lost();
    for (const room of this.hand.roomIds) {
      await this.servers.ok(ANN, 'PUT', `/api/rooms/${room}/read`, { position: '0-0' });
    }
    return 'Redis lost everything';
  }

  #pick(items: readonly string[]): string | undefined {
    return items.length === 0 ? undefined : this.random.pick(items);
  }
}

function place({ epoch, seq }: { epoch: number; seq: number }): string {
  return `${epoch}-${seq}`;
}

describe('the inbox counts as counting by hand does', function () {
  this.timeout(180_000);
  let servers: InboxServers;

  beforeEach(async () => {
    servers = await InboxServers.start(`test-${randomBytes(6).toString('hex')}`, 30);
    await servers.db.user.createMany({
      data: USERS.map(({ id, username }) => ({
        ...{ id, username, email: `${username}@example.com`, emailKey: username, passwordHash: '' },
      })),
    });
  });
  afterEach(() => servers.close());

  const walk = async (seed: number, archiving: boolean): Promise<void> => {
    const random = new RandomWalk(servers, createPrng(seed), archiving);
    await random.createRooms();
    const done: string[] = [];
    try {
      for (let step = 0; step < STEPS; step++) {
        done.push(await random.step());
        await random.check(done.slice(-8).join('; '));
      }
    } catch (error) {
      console.error(`seed ${seed}, step ${done.length}`);
      throw error;
    }
  };

  for (const seed of [1, 2]) {
    it(`after every step, also when Redis has lost everything (seed ${seed})`, () => walk(seed, false));
  }

  it('after every step, while archivers store what arrives', async () => {
    const stops = [servers.startArchivers(), servers.startArchivers()];
    try {
      await walk(3, true);
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  });
});
