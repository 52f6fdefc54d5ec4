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

/** Reads the lines of a payload, in order. Lines that only newer nodes know are left out. */
export function* readActivity(payload: Buffer): Generator<Activity> {
  for (const line of payload.toString('latin1').split('\n')) {
    const activity = readLine(line.split(' '));
    if (activity !== undefined) yield activity;
  }
}

function readLine([kind, room, ...fields]: readonly string[]): Activity | undefined {
  const roomId = Number(room);
  switch (kind) {
    case 'm': {
      const [epoch, seq, n, count, senders = '', mentions = ''] = fields;
      return {
        ...{
          kind: 'messages',
          roomId,
          epoch: Number(epoch),
          seq: Number(seq),
          n: Number(n),
          count: Number(count),
        },
        senders: senders === '-' ? [] : senders.split(',').map(senderOf),
        mentions: mentions === '' ? [] : mentions.split(';').map(mentioningOf),
      };
    }
    case 'd': {
      const [epoch = 0, seq = 0, n = 0, deleted = 0] = fields.map(Number);
      return { kind: 'deleted', roomId, epoch, seq, n, deleted };
    }
    case '+':
      return { kind: 'added', roomId, userId: Number(fields[0]) };
    case '-':
      return { kind: 'removed', roomId, userId: Number(fields[0]) };
    case 'r': {
      const [user, epoch, seq, n, unread] = fields;
      return {
        ...{ kind: 'read', roomId, userId: Number(user), epoch: Number(epoch), seq: Number(seq) },
        n: n === '-' ? undefined : Number(n),
        unread: unread === 'u',
      };
    }
  }
  return undefined;
}

function senderOf(text: string): Sender {
  const [userId, n] = text.split(':');
  return { userId: Number(userId), n: Number(n) };
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
