import { account, profile, refreshed, signedIn } from '../auth/account-json.js';
import { inboxPageJson, readPositionJson } from '../inbox/json.js';
import { inviteJson, invitePageJson } from '../invites/json.js';
import { foundUsersJson, roomMemberJson, roomMemberPageJson } from '../members/json.js';
import { messagePageJson } from '../messages/json.js';
import { reportJson, reportPageJson } from '../messages/reports/json.js';
import { memberJson, roomJson, roomPageJson } from '../rooms/json.js';

/** Response schemas by their names in the OpenAPI document. A test compares the client's types with them. */
export const answers = {
  Account: account,
  Profile: profile,
  SignedIn: signedIn,
  Refreshed: refreshed,
  Room: roomJson,
  RoomPage: roomPageJson,
  Member: memberJson,
  RoomMember: roomMemberJson,
  RoomMemberPage: roomMemberPageJson,
  FoundUsers: foundUsersJson,
  InboxPage: inboxPageJson,
  ReadPosition: readPositionJson,
  Invite: inviteJson,
  InvitePage: invitePageJson,
  Report: reportJson,
  ReportPage: reportPageJson,
  MessagePage: messagePageJson,
};
