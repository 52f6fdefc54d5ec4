import { account, refreshed, signedIn } from '../auth/account-json.js';
import { messagePageJson } from '../messages/json.js';
import { memberJson, roomJson, roomPageJson } from '../rooms/json.js';

/** What the API answers with, by the names of its document: for those whose types have to be the same. */
export const answers = {
  Account: account,
  SignedIn: signedIn,
  Refreshed: refreshed,
  Room: roomJson,
  RoomPage: roomPageJson,
  Member: memberJson,
  MessagePage: messagePageJson,
};
