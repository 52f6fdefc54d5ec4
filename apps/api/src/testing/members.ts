import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach } from 'mocha';
import { type Client, openDatabase, type RunningApi, startApi } from './api.js';

export interface User {
  readonly id: number;
  readonly username: string;
}

export const [ANN, BEN, CAT, DAN] = ['ann', 'ben', 'cat', 'dan'].map((username, at) => ({
  id: at + 1,
  username,
})) as [User, User, User, User];

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** An API with four users and low limits, and what they do with rooms and members. */
export class MembersFixture {
  db!: Database;
  rooms!: MemoryRoomStore;
  access!: MemoryAccessList;
  running!: RunningApi;

  async open(): Promise<void> {
    this.db = (await openDatabase()).db;
    await this.db.user.createMany({
      data: [ANN, BEN, CAT, DAN].map(({ id, username }) => ({
        ...{ id, username, email: `${username}@example.com`, emailKey: username, passwordHash: '' },
      })),
    });
  }

  /** Starts an API without rooms. */
  async start(): Promise<void> {
    await this.db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    this.rooms = new MemoryRoomStore();
    this.access = new MemoryAccessList();
    this.running = await startApi(
      this.db,
      { MAX_MEMBERS_PER_ROOM: '4', MAX_INVITES_PER_ROOM: '2', MAX_DIRECT_USERS: '3' },
      {
        access: this.access,
        directory: new MemoryRoomDirectory(this.rooms),
        publisher: new MemoryBroker(this.rooms),
        history: new MemoryRoomHistory(this.rooms),
      },
    );
    await this.running.mirrored();
    await until(() => this.access.memberships.isComplete());
  }

  readonly as = (user: User): Client => this.running.client.as(user);

  /** A private room of ANN, unless the fields say otherwise. */
  readonly newRoom = async (fields: object = {}): Promise<number> => {
    const answer = await this.as(ANN).post('/api/rooms', { name: 'room', kind: 'private', ...fields });
    expect(answer.status).to.equal(201);
    return answer.body.id;
  };

  readonly put = (by: User, room: number, user: User, role?: string): Promise<Answer> =>
    this.as(by).send(
      'PUT',
      `/api/rooms/${room}/members/${user.id}`,
      JSON.stringify(role ? { role } : {}),
      JSON_TYPE,
    );

  readonly mute = (by: User, room: number, user: User, seconds: number): Promise<Answer> =>
    this.as(by).send(
      'PUT',
      `/api/rooms/${room}/members/${user.id}/mute`,
      JSON.stringify({ seconds }),
      JSON_TYPE,
    );

  readonly remove = (by: User, room: number, user: User): Promise<Answer> =>
    this.as(by).delete(`/api/rooms/${room}/members/${user.id}`);

  /** The entries of a room, oldest first. */
  readonly entries = (room: number) =>
    (this.rooms.room(room)?.from({ epoch: 0, seq: 0 }, 100) ?? []).map(({ frame }) =>
      JSON.parse(Buffer.from(frame).toString()),
    );

  readonly mirrored = async (user: User, room: number) =>
    this.access.memberships.of(user.id, room).membership;
}

/** Hooks that give each test of a suite an API of its own. */
export function useMembers(): MembersFixture {
  const fixture = new MembersFixture();
  before(() => fixture.open());
  beforeEach(() => fixture.start());
  afterEach(() => fixture.running.close());
  after(() => fixture.db.$disconnect());
  return fixture;
}
