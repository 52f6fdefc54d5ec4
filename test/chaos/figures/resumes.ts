import { isAfter, type Position } from '@chorus/protocol';
import type { ClientHistory } from '../history/history.js';

/** One return of one client to one room. */
export interface Resume {
  readonly userId: number;
  readonly roomId: number;
  readonly lostAt: number;
  /** Close code of the lost connection. */
  readonly code: number;
  readonly connectedAt: number;
  readonly recovered: boolean;
  /** From a join with a position to the last missed message; undefined if interrupted. */
  replayMs: number | undefined;
  missed: number;
}

/** Returns every return of a client, by room. */
export function resumesOf(client: ClientHistory): Resume[] {
  const resumes: Resume[] = [];
  const asked = new Map<number, number>();
  const catchingUp = new Map<number, { resume: Resume; since: number; upTo: Position }>();
  let lost = { at: 0, code: 0 };
  let connectedAt = 0;
  for (const event of client.events) {
    switch (event.type) {
      case 'disconnected':
        lost = event;
        catchingUp.clear();
        break;
      case 'connected':
        connectedAt = event.at;
        break;
      case 'joining':
        asked.set(event.roomId, event.at);
        break;
      case 'joined': {
        const { roomId, since, position, recovered, at } = event;
        if (since === undefined || position === undefined) break;
        const resume: Resume = {
          ...{ userId: client.userId, roomId, lostAt: lost.at, code: lost.code, connectedAt, recovered },
          ...{ replayMs: undefined, missed: 0 },
        };
        resumes.push(resume);
        const from = asked.get(roomId) ?? at;
        if (recovered && isAfter(position, since)) {
          catchingUp.set(roomId, { resume, since: from, upTo: position });
        } else if (recovered) resume.replayMs = at - from;
        break;
      }
      case 'message': {
        const waiting = catchingUp.get(event.message.roomId);
        if (waiting === undefined) break;
        waiting.resume.missed++;
        if (isAfter(waiting.upTo, event.message)) break;
        waiting.resume.replayMs = event.at - waiting.since;
        catchingUp.delete(event.message.roomId);
        break;
      }
    }
  }
  return resumes;
}
