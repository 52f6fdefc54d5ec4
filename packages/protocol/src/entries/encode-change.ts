import type { Member } from '../plain-frames.js';
import type { Position } from '../position.js';
import type { MadeChange } from './change-frames.js';

type PartsOf<Change> = Change extends MadeChange
  ? Omit<Change, 'type' | 'epoch' | 'seq' | 'roomId' | 'userId' | 'username'>
  : never;

/** The fields of a change that differ between two changes that one user makes in one room. */
export type ChangeParts = PartsOf<MadeChange>;

/**
 * Returns the JSON of a change frame without its opening, as `Broker.publish` takes it.
 *
 * `target` and `mentions` are first, where they are found without reading the content. `data` is last: scripts and servers find
 * `userId` and `sentAt` without parsing, so no unescaped text of a client may stand before them.
 *
 * @param by the user who makes the change
 */
export function encodeChange(roomId: number, by: Member, parts: ChangeParts): string {
  const { change, id, sentAt, clientMsgId, ...rest } = parts;
  const { target, mentions, data, ...about } = rest as {
    target?: Position;
    mentions?: unknown;
    data?: unknown;
  };
  const frame = {
    ...{
      type: 'change',
      change,
      target: target && { epoch: target.epoch, seq: target.seq },
      mentions,
      ...about,
    },
    ...{ roomId, username: by.username, userId: by.id, id, sentAt, clientMsgId, data },
  };
  return JSON.stringify(frame).slice(1);
}

/** Returns the frame without its opening of an entry that was erased. */
export function encodeErased(roomId: number): string {
  return `"type":"change","change":"erased","roomId":${roomId}}`;
}
