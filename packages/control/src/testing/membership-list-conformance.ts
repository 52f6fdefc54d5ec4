import { UnavailableError } from '@chorus/redis';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { AccessList, RoomVerdict } from '../access-list.js';
import type { Membership, MembershipList, UserMemberships } from '../membership-list.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface MembershipListFixture {
  /** Opens both like a further process; all of a fixture have the same content. */
  open(): { list: MembershipList; access: AccessList };
  /** Resolves when at least `ms` milliseconds have passed on the clock of the list. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Mocha tests of the guarantees of {@link MembershipList}, and of `AccessList.checkRooms`. */
export function describeMembershipList(
  name: string,
  createFixture: () => Promise<MembershipListFixture>,
): void {
  describe(`membership list: ${name}`, () => {
    let fixture: MembershipListFixture;
    let list: MembershipList;
    /** As another process sees them. */
    let other: MembershipList;
    let access: AccessList;

    beforeEach(async () => {
      fixture = await createFixture();
      ({ list, access } = fixture.open());
      other = fixture.open().list;
      await (await access.beginRestoration()).complete();
    });

    afterEach(() => fixture.close());

    const verdict = async (userId: number, roomId: number): Promise<RoomVerdict | undefined> =>
      (await access.checkRooms([{ userId, roomId }]))[0];
    const membership = async (userId: number, roomId: number): Promise<Membership | undefined> =>
      (await verdict(userId, roomId))?.membership;
    const restore = async (users: readonly UserMemberships[] = []): Promise<void> => {
      const restoration = await list.beginRestoration();
      await restoration.users(users);
      await restoration.slowModes([]);
      await restoration.complete();
    };
    const refusal = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

    it('returns no memberships before all of them were restored', async () => {
      await list.change([{ userId: 1, roomId: 7, membership: { role: 'owner' } }]);
      expect(await other.isComplete()).to.equal(false);
      expect(await verdict(1, 7)).to.deep.equal({ verdict: 'ok', membership: undefined, slowModeSeconds: 0 });
      expect(await refusal(other.ofUser(1))).to.be.instanceOf(UnavailableError);
      await restore([{ userId: 1, memberships: [[7, { role: 'owner' }]] }]);
      expect(await other.isComplete()).to.equal(true);
      expect(await membership(1, 7)).to.deep.equal({ role: 'owner' });
    });

    it('adds, changes and removes single memberships', async () => {
      await restore();
      for (const role of ['member', 'moderator', 'owner', 'none'] as const) {
        await list.change([{ userId: 1, roomId: 7, membership: { role } }]);
        expect(await membership(1, 7)).to.deep.equal({ role });
      }
      await list.change([
        { userId: 1, roomId: 8, membership: { role: 'none', mutedUntil: 1_700_000_000_000 } },
      ]);
      expect(await membership(1, 8)).to.deep.equal({ role: 'none', mutedUntil: 1_700_000_000_000 });
      await list.change([
        { userId: 1, roomId: 7, membership: undefined },
        { userId: 1, roomId: 9, membership: undefined },
        { userId: 2, roomId: 7, membership: { role: 'member' } },
      ]);
      expect(await membership(1, 7)).to.deep.equal({ role: 'none' });
      expect([...(await other.ofUser(1)).keys()]).to.deep.equal([8]);
      expect(await other.ofUser(2)).to.deep.equal(new Map([[7, { role: 'member' }]]));
      expect((await other.ofUser(3)).size).to.equal(0);
    });

    it('keeps changes that were made during a restoration', async () => {
      const restoration = await list.beginRestoration();
      await restoration.users([{ userId: 1, memberships: [[7, { role: 'member' }]] }]);
      await other.change([
        { userId: 1, roomId: 8, membership: { role: 'member' } },
        { userId: 2, roomId: 8, membership: { role: 'member' } },
      ]);
      await restoration.complete();
      expect([...(await other.ofUser(1)).keys()].sort()).to.deep.equal([7, 8]);
      expect([...(await other.ofUser(2)).keys()]).to.deep.equal([8]);
    });

    it('replaces all memberships of the restored users', async () => {
      await restore([{ userId: 1, memberships: [[7, { role: 'member' }]] }]);
      await restore([{ userId: 1, memberships: [[8, { role: 'moderator', mutedUntil: 5 }]] }]);
      expect(await other.ofUser(1)).to.deep.equal(new Map([[8, { role: 'moderator', mutedUntil: 5 }]]));
    });

    it('restores users with thousands of rooms, and thousands of users', async () => {
      const rooms = Array.from({ length: 9_000 }, (_, index) => index + 1);
      await restore([
        { userId: 1, memberships: rooms.map((room) => [room, { role: 'member' }] as const) },
        ...rooms.map((userId) => ({
          userId: userId + 1,
          memberships: [[userId, { role: 'owner' }] as const],
        })),
      ]);
      expect((await other.ofUser(1)).size).to.equal(9_000);
      expect(await membership(9_001, 9_000)).to.deep.equal({ role: 'owner' });
      const verdicts = await access.checkRooms(rooms.map((roomId) => ({ userId: 1, roomId })));
      expect(new Set(verdicts.map((each) => each.membership?.role))).to.deep.equal(new Set(['member']));
    });

    it('returns bans and slow modes with the memberships', async () => {
      await restore([{ userId: 1, memberships: [[7, { role: 'member' }]] }]);
      await list.setSlowMode({ roomId: 7, seconds: 30 });
      await access.ban({ userId: 1, roomId: 7 });
      await access.ban({ userId: 2 });
      expect(
        await access.checkRooms([
          { userId: 1, roomId: 7 },
          { userId: 1, roomId: 8, tokenId: 'gone' },
          { userId: 2, roomId: 7 },
        ]),
      ).to.deep.equal([
        { verdict: 'banned-from-room', membership: { role: 'member' }, slowModeSeconds: 30 },
        { verdict: 'ok', membership: { role: 'none' }, slowModeSeconds: 0 },
        { verdict: 'banned', membership: { role: 'none' }, slowModeSeconds: 30 },
      ]);
      await list.setSlowMode({ roomId: 7, seconds: 0 });
      expect((await verdict(1, 7))?.slowModeSeconds).to.equal(0);
      const restoration = await list.beginRestoration();
      await restoration.slowModes([{ roomId: 8, seconds: 5 }]);
      expect((await verdict(1, 8))?.slowModeSeconds).to.equal(5);
    });

    it('returns the rooms of a user without those from which the user is banned', async () => {
      const member = { role: 'member' } as const;
      const many = Array.from({ length: 2_500 }, (_, index) => [index + 100, member] as const);
      const users = [
        {
          userId: 1,
          memberships: [
            [7, member],
            [8, { role: 'none', mutedUntil: 5 }],
            [9, { role: 'owner' }],
          ],
        },
        { userId: 2, memberships: many },
      ] as const;
      const restoration = await list.beginRestoration();
      await restoration.users(users);
      expect(await refusal(access.roomsOf(1)), 'before all are restored').to.be.instanceOf(UnavailableError);
      await restoration.complete();
      const rooms = async (userId: number) => (await access.roomsOf(userId)).sort((a, b) => a - b);
      expect(await rooms(1)).to.deep.equal([7, 9]);
      expect(await rooms(3)).to.deep.equal([]);
      await access.ban({ userId: 1, roomId: 9 });
      await access.ban({ userId: 2, roomId: 7 });
      await access.ban({ userId: 2, roomId: 2_599, until: 1_000 });
      expect(await rooms(1)).to.deep.equal([7]);
      expect(await rooms(2)).to.deep.equal(many.map(([roomId]) => roomId));
      await access.lift({ userId: 1, roomId: 9 });
      expect(await rooms(1)).to.deep.equal([7, 9]);
    });

    it('gives each user one turn at a time in a room with slow mode', async () => {
      expect(await list.takeTurn(1, 7, 300, 'a')).to.equal(0);
      expect(await other.takeTurn(1, 7, 300, 'a'), 'the same message again').to.equal(0);
      expect(await other.takeTurn(1, 7, 300, 'b')).to.be.within(1, 300_000);
      expect(await other.takeTurn(2, 7, 1, 'b')).to.equal(0);
      expect(await other.takeTurn(1, 8, 300, 'b')).to.equal(0);
      await fixture.pass(1_010);
      expect(await other.takeTurn(2, 7, 300, 'c')).to.equal(0);
      expect(await list.takeTurn(2, 7, 300, 'b')).to.be.greaterThan(0);
    });
  });
}
