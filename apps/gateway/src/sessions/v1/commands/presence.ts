import type { ClientFrame, Member } from '@chorus/protocol';
import type { CommandSession } from './command-session.js';

type PresenceFrame = Extract<ClientFrame, { type: 'presence' }>;

/** Members per query. */
const PAGE = 500;
/** Maximum size of the members in one frame, in bytes of JSON; with the rest of the frame it stays below 64 KiB. */
const PAGE_BYTES = 65_000;

/** Lists the members of a room on all gateways, page by page. */
export function presence(session: CommandSession, frame: PresenceFrame): void {
  const { roomId, after = 0 } = frame;
  if (session.rooms.get(roomId) === undefined) {
    session.refuse('not_joined', frame);
    return;
  }
  session.context.presence.members(roomId, after, PAGE).then(
    (members) => session.send(encodePage(roomId, members)),
    (error: unknown) => {
      session.context.log.debug({ roomId, error: String(error) }, 'members could not be read');
      session.refuse('unavailable', frame);
    },
  );
}

function encodePage(roomId: number, members: readonly Member[]): string {
  const entries: string[] = [];
  let bytes = 0;
  let last: number | null = null;
  for (const { id, username } of members) {
    const entry = JSON.stringify({ id, username });
    bytes += Buffer.byteLength(entry) + 1;
    if (bytes > PAGE_BYTES) break;
    entries.push(entry);
    last = id;
  }
  const next = entries.length < members.length || members.length === PAGE ? last : null;
  return `{"type":"presence","roomId":${roomId},"members":[${entries}],"next":${next}}`;
}
