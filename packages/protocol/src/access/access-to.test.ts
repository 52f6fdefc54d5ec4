import { expect } from 'chai';
import { accessTo } from './access-to.js';
import { ROLES_OR_NONE, ROOM_ACTIONS, ROOM_KINDS, type RoomAction } from './table.js';

/**
 * Every cell, written a second time: for each action the answers in public, private and direct rooms to none, member,
 * moderator and owner. `y` is yes, `-` is 403, `?` is 404.
 */
const CELLS: Record<RoomAction, string> = {
  read: 'yyyy ?yyy ?yyy',
  listMembers: 'yyyy ?yyy ?yyy',
  send: 'yyyy ?yyy ?yyy',
  mentionRoom: '--yy ?yyy ?yyy',
  changeOwn: 'yyyy ?yyy ?yyy',
  react: 'yyyy ?yyy ?yyy',
  report: 'yyyy ?yyy ?yyy',
  markRead: '-yyy ?yyy ?yyy',
  deleteAny: '--yy ?-yy ?---',
  readReports: '--yy ?-yy ?---',
  skipSlowMode: '--yy ?-yy ?---',
  follow: 'yyyy ?--- ?---',
  leave: '-yyy ?yyy ?---',
  addMember: '--yy ?-yy ?---',
  removeMember: '--yy ?-yy ?---',
  mute: '--yy ?-yy ?---',
  manageRoles: '---y ?--y ?---',
  invite: '--yy ?-yy ?---',
  setSlowMode: '--yy ?-yy ?---',
  setRetention: '---y ?--y ?---',
  rename: '---y ?--y ?---',
  deleteRoom: '---y ?--y ?---',
};
const LETTERS = { yes: 'y', 403: '-', 404: '?' } as const;

describe('the table of access', () => {
  for (const action of ROOM_ACTIONS) {
    it(`answers each cell of ${action}`, () => {
      const found = ROOM_KINDS.map((kind) =>
        ROLES_OR_NONE.map((standing) => LETTERS[accessTo(action, kind, standing)]).join(''),
      );
      expect(found.join(' ')).to.equal(CELLS[action]);
    });
  }

  it('never shows a private or direct room to a user who is not a member', () => {
    for (const kind of ['private', 'direct'] as const) {
      expect(new Set(ROOM_ACTIONS.map((action) => accessTo(action, kind, 'none')))).to.deep.equal(
        new Set([404]),
      );
    }
  });
});
