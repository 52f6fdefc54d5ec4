import { describeBadRequests } from './http/bad-requests.js';
import { describeDocument, holdAgainstDocument } from './http/document.js';
import { describeHistory } from './http/history.js';
import { describeInbox } from './http/inbox.js';
import { describeMembers } from './http/members.js';
import { describeOpenMode } from './http/open-mode.js';
import { describePage } from './http/page.js';
import { describePrograms } from './http/programs.js';
import { describeRestRooms } from './http/rest-rooms.js';
import { describeRooms } from './http/rooms.js';
import { describeSessions } from './http/sessions.js';
import { describeUsers } from './http/users.js';
import { describeJoining } from './sockets/joining.js';
import { describeRefusedUpgrades } from './sockets/refused-upgrades.js';
import { describeSockets } from './sockets/sockets.js';
import { describeV1Sockets } from './sockets/v1.js';
import { type Start, startTarget, type Target } from './target.js';

const PARTS = {
  'the document': describeDocument,
  sessions: describeSessions,
  users: describeUsers,
  rooms: describeRooms,
  'rooms as a resource': describeRestRooms,
  'rooms with members': describeMembers,
  'the inbox': describeInbox,
  history: describeHistory,
  programs: describePrograms,
  'entering and leaving': describeJoining,
  sockets: describeSockets,
  'chorus.v1 sockets': describeV1Sockets,
  'bad requests': describeBadRequests,
  'refused upgrades': describeRefusedUpgrades,
  'the chat page': describePage,
};

/** What every way of running Chorus must do alike: every route, over HTTP and WebSocket. */
export function describeContract(name: string, start: Start): void {
  describeRunning(`${name}: the contract`, start, {}, PARTS);
  describeRunning(
    `${name}: AUTH=open`,
    start,
    { AUTH: 'open', SIGNIN_ATTEMPTS_PER_ADDRESS: '5' },
    { 'open mode': describeOpenMode },
  );
}

function describeRunning(
  title: string,
  start: Start,
  env: Record<string, string>,
  parts: Record<string, (target: () => Target) => void>,
): void {
  describe(title, function () {
    this.timeout(60_000);
    let target: Target;
    before(async () => {
      target = await startTarget(start, env);
    });
    after(() => target?.close());
    for (const [what, part] of Object.entries(parts)) describe(what, () => part(() => target));
    // The last, so that it has seen all of it.
    if (parts === PARTS) holdAgainstDocument(() => target);
  });
}
