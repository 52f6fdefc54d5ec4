import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type AccessList, type Ban, type Subject, sessionsKey } from '../access-list.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface AccessListFixture {
  /** Opens the list as another process would; all lists of a fixture share their content. */
  open(): AccessList;
  /** Returns milliseconds since 1970 by the clock of the bans. */
  now(): Promise<number>;
  /** Resolves when at least `ms` milliseconds have passed on that clock. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const LAST_ID = Number.MAX_SAFE_INTEGER;

/** Mocha tests of the guarantees of {@link AccessList}. */
export function describeAccessList(name: string, createFixture: () => Promise<AccessListFixture>): void {
  describe(`access list: ${name}`, () => {
    let fixture: AccessListFixture;
    let list: AccessList;
    /** The list, as another process reads it. */
    let other: AccessList;

    beforeEach(async () => {
      fixture = await createFixture();
      list = fixture.open();
      other = fixture.open();
      await (await list.beginRestoration()).complete();
    });

    afterEach(() => fixture.close());

    const verdict = async (subject: Subject): Promise<string | undefined> =>
      (await other.check([subject]))[0];

    it('admits users without entries', async () => {
      expect(await list.check([])).to.deep.equal([]);
      expect(await list.check([{ userId: 1 }, { userId: 2, tokenId: 't', roomId: 3 }])).to.deep.equal([
        'ok',
        'ok',
      ]);
    });

    it('refuses a revoked token in every process, and no other token of that user', async () => {
      await list.revoke('gone', (await fixture.now()) + HOUR_MS);
      expect(
        await other.check([
          { userId: 1, tokenId: 'gone' },
          { userId: 1, tokenId: 'mine' },
          { userId: 1 },
          { userId: 1, tokenId: 'gone', roomId: 7 },
        ]),
      ).to.deep.equal(['revoked', 'ok', 'ok', 'revoked']);
    });

    it('refuses the sessions of a user that were revoked together, and no later ones', async () => {
      await list.revoke(sessionsKey(1, 2), (await fixture.now()) + HOUR_MS);
      expect(
        await other.check([
          { userId: 1, tokenId: 'a', generation: 2 },
          { userId: 1, tokenId: 'a', generation: 3 },
          { userId: 2, tokenId: 'b', generation: 2 },
          { userId: 1 },
        ]),
      ).to.deep.equal(['revoked', 'ok', 'ok', 'ok']);
    });

    it('still refuses a token that has just expired: clocks differ', async () => {
      await list.revoke('ended', (await fixture.now()) - 1_000);
      await list.revoke('gone', (await fixture.now()) + HOUR_MS);
      expect(await verdict({ userId: 1, tokenId: 'ended' })).to.equal('revoked');
    });

    it('forgets long expired tokens at the next revocation', async () => {
      await list.revoke('old', (await fixture.now()) - HOUR_MS);
      await list.revoke('gone', (await fixture.now()) + HOUR_MS);
      expect(await verdict({ userId: 1, tokenId: 'old' })).to.equal('ok');
      expect(await verdict({ userId: 1, tokenId: 'gone' })).to.equal('revoked');
    });

    it('remembers a token until its latest expiry, however often it is revoked', async () => {
      await list.revoke('gone', (await fixture.now()) + HOUR_MS);
      await list.revoke('gone', (await fixture.now()) - HOUR_MS);
      await list.revoke('other', (await fixture.now()) + HOUR_MS);
      expect(await verdict({ userId: 1, tokenId: 'gone' })).to.equal('revoked');
    });

    it('adds many revocations at once, and returns those that it lacked', async () => {
      const expiresAt = (await fixture.now()) + HOUR_MS;
      const all = Array.from({ length: 1_200 }, (_, index) => ({ tokenId: `token-${index}`, expiresAt }));
      for (const { tokenId } of all.slice(0, 2)) await list.revoke(tokenId, expiresAt);
      expect(await list.addRevocations([])).to.deep.equal([]);
      expect(await list.addRevocations(all)).to.deep.equal(all.slice(2));
      expect(await list.addRevocations(all)).to.deep.equal([]);
      const verdicts = await other.check(all.map(({ tokenId }) => ({ userId: 1, tokenId })));
      expect(new Set(verdicts)).to.deep.equal(new Set(['revoked']));
      expect(await verdict({ userId: 1, tokenId: 'token-1200' })).to.equal('ok');
    });

    it('keeps the later expiry of a revocation that is added again', async () => {
      const now = await fixture.now();
      await list.revoke('gone', now + HOUR_MS);
      await list.addRevocations([{ tokenId: 'gone', expiresAt: now - HOUR_MS }]);
      await list.revoke('other', now + HOUR_MS);
      expect(await verdict({ userId: 1, tokenId: 'gone' })).to.equal('revoked');
    });

    it('refuses a banned user everything, and no other user', async () => {
      await list.ban({ userId: 1 });
      expect(
        await other.check([{ userId: 1 }, { userId: 1, roomId: 7 }, { userId: 11, roomId: 1 }]),
      ).to.deep.equal(['banned', 'banned', 'ok']);
    });

    it('refuses a user who is banned from a room only that room', async () => {
      await list.ban({ userId: 1, roomId: LAST_ID });
      expect(
        await other.check([
          { userId: 1, roomId: LAST_ID },
          { userId: 1, roomId: 6 },
          { userId: 1 },
          { userId: 2, roomId: LAST_ID },
        ]),
      ).to.deep.equal(['banned-from-room', 'ok', 'ok', 'ok']);
    });

    it('returns the first of several reasons', async () => {
      await list.ban({ userId: 1, roomId: 7 });
      await list.ban({ userId: 1 });
      expect(await verdict({ userId: 1, roomId: 7, tokenId: 'gone' })).to.equal('banned');
      await list.revoke('gone', (await fixture.now()) + HOUR_MS);
      expect(await verdict({ userId: 1, roomId: 7, tokenId: 'gone' })).to.equal('revoked');
    });

    it('ends a ban at its time', async () => {
      await list.ban({ userId: 1, until: (await fixture.now()) + 60 });
      await list.ban({ userId: 2, until: (await fixture.now()) + HOUR_MS });
      expect(await other.check([{ userId: 1 }, { userId: 2 }])).to.deep.equal(['banned', 'banned']);
      await fixture.pass(61);
      expect(await other.check([{ userId: 1 }, { userId: 2 }])).to.deep.equal(['ok', 'banned']);
    });

    it('replaces a ban by a longer or shorter one', async () => {
      await list.ban({ userId: 1, until: (await fixture.now()) - 1 });
      expect(await verdict({ userId: 1 })).to.equal('ok');
      await list.ban({ userId: 1 });
      expect(await verdict({ userId: 1 })).to.equal('banned');
      await list.ban({ userId: 1, until: (await fixture.now()) - 1 });
      expect(await verdict({ userId: 1 })).to.equal('ok');
    });

    it('lifts exactly the given ban', async () => {
      await list.ban({ userId: 1 });
      await list.ban({ userId: 1, roomId: 7 });
      await list.ban({ userId: 1, roomId: 8 });
      await list.lift({ userId: 1 });
      const rooms: Subject[] = [
        { userId: 1, roomId: 7 },
        { userId: 1, roomId: 8 },
      ];
      expect(await other.check(rooms)).to.deep.equal(['banned-from-room', 'banned-from-room']);
      await list.lift({ userId: 1, roomId: 7 });
      await list.lift({ userId: 3 });
      expect(await other.check(rooms)).to.deep.equal(['ok', 'banned-from-room']);
    });

    it('replaces all bans, keeps revocations, and returns the bans that it lacked', async () => {
      const until = (await fixture.now()) + HOUR_MS;
      const known: Ban[] = [{ userId: 1 }, { userId: 2, until }];
      const added: Ban[] = [{ userId: 3, roomId: 7 }, { userId: 4 }];
      for (const ban of [...known, { userId: 3 }, { userId: 4, until }]) await list.ban(ban);
      await list.revoke('gone', until);
      expect(await list.replaceBans([...known, ...added])).to.deep.equal(added);
      expect(
        await other.check([
          { userId: 1 },
          { userId: 2 },
          { userId: 3, roomId: 8 },
          { userId: 3, roomId: 7 },
          { userId: 4 },
          { userId: 5, tokenId: 'gone' },
        ]),
      ).to.deep.equal(['banned', 'banned', 'ok', 'banned-from-room', 'banned', 'revoked']);
      expect(await list.replaceBans([...added, ...known])).to.deep.equal([]);
      await list.replaceBans([]);
      expect(await other.check([{ userId: 1 }, { userId: 3, roomId: 7 }])).to.deep.equal(['ok', 'ok']);
    });

    it('checks thousands of subjects at once, in order', async () => {
      const userIds = Array.from({ length: 2_300 }, (_, index) => index + 1);
      const banned = userIds.filter((userId) => userId % 3 === 0);
      await list.replaceBans(banned.map((userId) => ({ userId, roomId: 7 })));
      const subjects = userIds.map((userId) => ({ userId, tokenId: `token-${userId}`, roomId: 7 }));
      await list.revoke('token-1999', (await fixture.now()) + HOUR_MS);
      expect(await other.check(subjects)).to.deep.equal(
        userIds.map((userId) => {
          if (userId === 1_999) return 'revoked';
          return userId % 3 === 0 ? 'banned-from-room' : 'ok';
        }),
      );
    });
  });
}
