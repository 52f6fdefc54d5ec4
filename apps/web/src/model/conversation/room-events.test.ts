import type { Change, Member, RoomInfo } from '@chorus/client';
import { expect } from 'chai';
import { ADA, BEN, NOON } from '../../testing/messages.js';
import { roomEvents } from './room-events.js';

const by = (user: Member) => ({
  ...({ type: 'change', epoch: 1, seq: 1, roomId: 1, id: 'c', sentAt: NOON } as const),
  ...{ userId: user.id, username: user.username },
});
const text = (change: Change, kind: RoomInfo['kind'] | undefined = 'private'): string | undefined =>
  roomEvents([change], ADA, kind)[0]?.text;

describe('lines about changes of a room', () => {
  it('tell who did what to whom', () => {
    const member = BEN;
    expect(text({ ...by(ADA), change: 'member-added', member })).to.equal('You added \u2068ben\u2069.');
    expect(text({ ...by(BEN), change: 'member-removed', member: ADA })).to.equal(
      '\u2068ben\u2069 removed you.',
    );
    expect(text({ ...by(ADA), change: 'member-changed', member, role: 'moderator' })).to.equal(
      'You made \u2068ben\u2069 a moderator.',
    );
    expect(text({ ...by(BEN), change: 'member-changed', member, role: 'member' }, 'public')).to.equal(
      '\u2068ben\u2069 is a member now.',
    );
    expect(text({ ...by(ADA), change: 'member-changed', member, mutedUntil: null })).to.equal(
      'You unmuted \u2068ben\u2069.',
    );
    expect(text({ ...by(BEN), change: 'room-changed', name: 'b', slowModeSeconds: 0 })).to.equal(
      '\u2068ben\u2069 renamed the room to \u2068b\u2069 and ended slow mode.',
    );
  });

  it('have the position and the time of the change', () => {
    expect(roomEvents([{ ...by(BEN), change: 'member-removed', member: BEN }], ADA, 'private')).to.deep.equal(
      [{ epoch: 1, seq: 1, at: NOON, text: '\u2068ben\u2069 left.' }],
    );
  });

  it('leave out users who come and go in public rooms, and changes of messages', () => {
    const joined: Change = { ...by(BEN), change: 'member-added', member: BEN };
    expect([text(joined), text(joined, 'public')]).to.deep.equal(['\u2068ben\u2069 joined.', undefined]);
    expect(text({ ...by(BEN), change: 'member-added', member: ADA }, 'public')).to.equal(
      '\u2068ben\u2069 added you.',
    );
    const target = { epoch: 1, seq: 1 };
    expect(text({ ...by(BEN), change: 'deleted', target, author: BEN, n: 1, originalSentAt: 0 })).to.equal(
      undefined,
    );
  });
});
