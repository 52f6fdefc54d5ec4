import type { Membership, RoomSubject, RoomVerdict } from '@chorus/control';
import { UnavailableError } from '@chorus/redis';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import type { MemberSubscriber } from './changes.js';
import { type CheckedRoom, MemberChecks } from './checks.js';
import { JoinTicket } from './standing.js';

describe('checks of the members of rooms', () => {
  /** What the memberships have, by user; undefined while they are not complete. */
  let members: Map<number, Membership> | undefined;
  let queries: number[];
  let removed: number[];
  let checks: MemberChecks;

  beforeEach(() => {
    [members, queries, removed] = [new Map([[1, { role: 'member' }]]), [], []];
    checks = new MemberChecks({ checkRooms });
  });

  const checkRooms = async (subjects: readonly RoomSubject[]): Promise<RoomVerdict[]> => {
    queries.push(subjects.length);
    return subjects.map(({ userId }) => ({
      verdict: 'ok',
      membership: members && (members.get(userId) ?? { role: 'none' }),
      slowModeSeconds: 5,
    }));
  };
  const subscriber = (userId: number): MemberSubscriber => ({
    member: { id: userId, username: `user${userId}` },
    standing: { role: 'owner', mutedUntil: undefined },
    removed: () => void removed.push(userId),
  });
  const roomOf = (id: number, ...userIds: number[]): CheckedRoom => ({
    ...{ id, kind: 'private', tickets: new Set(), slowModeSeconds: 0, slowModeChanges: 0 },
    subscribers: new Set(userIds.map(subscriber)),
  });

  it('remove users who are not members, and update what the others are', async () => {
    const tickets = new Set([new JoinTicket(1), new JoinTicket(3)]);
    const room = { ...roomOf(7, 1, 1, 2), tickets };
    members?.set(1, { role: 'moderator', mutedUntil: 9 });
    await checks.check(room);
    expect(removed).to.deep.equal([2]);
    expect([...tickets].map(({ isVoid }) => isVoid)).to.deep.equal([false, true]);
    const [first] = room.subscribers;
    expect(first?.standing).to.deep.equal({ role: 'moderator', mutedUntil: 9 });
    expect([room.slowModeSeconds, queries]).to.deep.equal([5, [3]]);
  });

  it('share queries among the rooms of a tick, and need none for a room without users', async () => {
    await checks.check(roomOf(1));
    expect(queries).to.deep.equal([]);
    await Promise.all(Array.from({ length: 1_200 }, (_, id) => checks.check(roomOf(id, 1))));
    expect(queries).to.deep.equal([500, 500, 200]);
  });

  it('query once per pause while the memberships are not complete, however many rooms wait', async () => {
    members = undefined;
    const errors: unknown[] = [];
    const began = performance.now();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const waiting: Array<Promise<unknown>> = [];
      for (let id = 0; id < 30; id++) {
        waiting.push(failure(checks.check(roomOf(id, ...Array.from({ length: 100 }, (_, user) => user)))));
        // After the first failure, checks come in different ticks.
        if (attempt > 1) await new Promise((resolve) => setImmediate(resolve));
      }
      errors.push(...(await Promise.all(waiting)));
    }
    for (const error of errors) expect(error).to.be.instanceOf(UnavailableError);
    expect(queries.length).to.be.at.most(2 + (performance.now() - began) / 250);
    members = new Map();
    await checks.check(roomOf(7, 1));
    expect(removed).to.deep.equal([1]);
  });
});
