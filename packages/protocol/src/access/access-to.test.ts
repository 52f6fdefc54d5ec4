import { expect } from 'chai';
import { accessTo, keyAccessTo } from './access-to.js';
import { KEY_SCOPE_NAMES, type KeyScope } from './scopes.js';
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
/**
 * Every cell for keys, written a second time: for each action the scope, and the answers to a key with it that acts as no user, in public,
 * private and direct rooms. `y` is yes, `u` is 400, `-` is 403.
 */
const KEY_CELLS: Record<RoomAction, readonly [KeyScope, string]> = {
  read: ['history:read', 'yyy'],
  listMembers: ['history:read', 'yyy'],
  send: ['messages:write', 'uuu'],
  mentionRoom: ['messages:write', 'uuu'],
  changeOwn: ['messages:write', 'uuu'],
  react: ['messages:write', 'uuu'],
  report: ['messages:write', 'uuu'],
  markRead: ['messages:write', 'uuu'],
  deleteAny: ['messages:write', 'uu-'],
  readReports: ['history:read', 'yy-'],
  skipSlowMode: ['messages:write', 'uu-'],
  follow: ['members:write', 'u--'],
  leave: ['members:write', 'uu-'],
  addMember: ['members:write', 'yy-'],
  removeMember: ['members:write', 'yy-'],
  mute: ['members:write', 'yy-'],
  manageRoles: ['members:write', 'yy-'],
  invite: ['members:write', 'yy-'],
  setSlowMode: ['rooms:write', 'yy-'],
  setRetention: ['rooms:write', 'yy-'],
  rename: ['rooms:write', 'yy-'],
  deleteRoom: ['rooms:write', 'yy-'],
};
const KEY_LETTERS = { yes: 'y', 400: 'u', 403: '-' } as const;

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

  for (const action of ROOM_ACTIONS) {
    it(`answers each cell of ${action} to API keys`, () => {
      const [scope, cells] = KEY_CELLS[action];
      const answers = (scopes: readonly KeyScope[]): string =>
        ROOM_KINDS.map((kind) => KEY_LETTERS[keyAccessTo(action, kind, new Set(scopes))]).join('');
      expect(answers([scope])).to.equal(cells);
      // All other scopes together allow nothing.
      expect(answers(KEY_SCOPE_NAMES.filter((other) => other !== scope))).to.equal('---');
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
