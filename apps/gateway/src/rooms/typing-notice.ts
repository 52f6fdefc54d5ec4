import type { Member } from '@chorus/protocol';

/*
 * Typing notices travel like joined and left notices, but are for `chorus.v1` sockets only. Their frames therefore
 * begin with a distinct prefix, with the user's id at a place where it is found without parsing.
 */

const OPENING = Buffer.from('{"type":"typing","userId":');

export function encodeTyping(roomId: number, member: Member): string {
  const { id, username } = member;
  return `${OPENING}${id},"roomId":${roomId},"username":${JSON.stringify(username)}}`;
}

/** Returns the id of the typing user; undefined for any other notice. */
export function typistOf(frame: Uint8Array): number | undefined {
  if (frame.length < OPENING.length || OPENING.compare(frame, 0, OPENING.length) !== 0) return undefined;
  let id = 0;
  for (let at = OPENING.length; at < frame.length; at++) {
    const digit = (frame[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    id = id * 10 + digit;
  }
  return id;
}
