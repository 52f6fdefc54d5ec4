import type { Activity, Mentioning, Sender } from '../activity.js';

/*
 * Payload of the activity channel: lines, separated by LF, with fields separated by a space. All are numbers but the first.
 *
 *   m <room> <epoch> <seq> <n> <count> <senders> [<mentions>]
 *       `count` new messages; position and ordinal are those of the last one
 *       senders    `<user>:<n>`, joined by commas: every sender, and the ordinal of that user's last message among them; `-` for none
 *       mentions   `<sender>:<users>`, joined by semicolons, for each message that mentions users; they are joined by commas, `*` stands
 *                  for all members
 *   d <room> <epoch> <seq> <n> <deleted>
 *       the message with the ordinal `deleted` was deleted by the change at that position; n: ordinal of the last message before it
 *   + <room> <user>                 the user has become a member
 *   - <room> <user>                 the user is no longer a member
 *   r <room> <user> <epoch> <seq> <n> [u]
 *       the user has read up to that position; n: ordinal of the last message up to it, `-` if unknown; u: it may have moved backwards
 *
 * Readers skip lines that begin with another letter, and fields that follow the known ones.
 */

/** Returns the line about a new member. */
export function addedLine(roomId: number, userId: number): string {
  return `+ ${roomId} ${userId}`;
}

const NO_MENTIONS: readonly Mentioning[] = [];

/** Reads the lines of a payload, in order. Lines that only newer nodes know are left out. */
export function readActivity(payload: Buffer): Activity[] {
  const found: Activity[] = [];
  for (const line of payload.toString('latin1').split('\n')) {
    const activity = readLine(line.split(' '));
    if (activity !== undefined) found.push(activity);
  }
  return found;
}

function readLine(fields: readonly string[]): Activity | undefined {
  const roomId = Number(fields[1]);
  switch (fields[0]) {
    case 'm':
      return {
        kind: 'messages',
        roomId,
        epoch: Number(fields[2]),
        seq: Number(fields[3]),
        n: Number(fields[4]),
        count: Number(fields[5]),
        senders: sendersOf(fields[6] ?? '-'),
        mentions: fields[7] === undefined ? NO_MENTIONS : fields[7].split(';').map(mentioningOf),
      };
    case 'd': {
      const [epoch = 0, seq = 0, n = 0, deleted = 0] = fields.slice(2).map(Number);
      return { kind: 'deleted', roomId, epoch, seq, n, deleted };
    }
    case '+':
      return { kind: 'added', roomId, userId: Number(fields[2]) };
    case '-':
      return { kind: 'removed', roomId, userId: Number(fields[2]) };
    case 'r': {
      const [userId = 0, epoch = 0, seq = 0] = fields.slice(2, 5).map(Number);
      const n = fields[5] === '-' ? undefined : Number(fields[5]);
      return { kind: 'read', roomId, userId, epoch, seq, n, unread: fields[6] === 'u' };
    }
  }
  return undefined;
}

/** Most lines have one. */
function sendersOf(text: string): readonly Sender[] {
  if (text === '-') return [];
  return text.includes(',') ? text.split(',').map(senderOf) : [senderOf(text)];
}

function senderOf(text: string): Sender {
  const colon = text.indexOf(':');
  return { userId: Number(text.slice(0, colon)), n: Number(text.slice(colon + 1)) };
}

/** @param text `<sender>:<user>,<user>,…` */
function mentioningOf(text: string): Mentioning {
  const [by, users = ''] = text.split(':');
  const mentioned = users.split(',');
  return {
    by: Number(by),
    users: mentioned.filter((user) => user !== '*').map(Number),
    room: mentioned.includes('*'),
  };
}
