import { account, refreshed, signedIn } from '../auth/account-json.js';
import { messagePageJson } from '../messages/json.js';
import { memberJson, roomJson, roomPageJson } from '../rooms/json.js';

/** Response schemas by their names in the OpenAPI document. A test compares the client's types with them. */
export const answers = {
  Account: account,
  SignedIn: signedIn,
  Refreshed: refreshed,
  Room: roomJson,
  RoomPage: roomPageJson,
  Member: memberJson,
  MessagePage: messagePageJson,
};
