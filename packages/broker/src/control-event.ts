import { type ListedRoom, listedRoom } from '@chorus/protocol';
import { z } from 'zod';

/** Changes that every node must hear of. */
export type ControlEvent =
  /** One room of that id: that generation if it is known. Another one may have the id by the time that this is heard. */
  | { type: 'room-deleted'; roomId: number; generation?: number | undefined }
  | { type: 'room-renamed'; roomId: number; name: string }
  /** The list of rooms that every user may see has this room, as it is now. Never for another room: all clients that watch the list receive it. */
  | { type: 'room-listed'; room: ListedRoom }
  /** That list does not have this room any more. */
  | { type: 'room-unlisted'; roomId: number }
  /** Somebody signed out: sockets with this token end. */
  | { type: 'token-revoked'; tokenId: string }
  /** An operator ends a user's connections, or the user's stay in one room. */
  | { type: 'user-disconnected'; userId: number; roomId?: number | undefined }
  /** The same, and the access list says that the user may not come back. */
  | { type: 'user-banned'; userId: number; roomId?: number | undefined }
  /** An operator lets a node give up its connections and take no others, or lets it take some again. */
  | { type: 'node-drain'; nodeId: string; on: boolean }
  /** An operator lets nodes above the average give up some of their connections. */
  | { type: 'rebalance'; sharePerMinute: number }
  /** An operator says something to everybody. */
  | { type: 'broadcast'; content: string };

const id = z.int().positive();
const roomId = id;

const schema: z.ZodType<ControlEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('room-deleted'), roomId, generation: z.int().optional() }),
  z.object({ type: z.literal('room-renamed'), roomId, name: z.string() }),
  z.object({ type: z.literal('room-listed'), room: listedRoom }),
  z.object({ type: z.literal('room-unlisted'), roomId }),
  z.object({ type: z.literal('token-revoked'), tokenId: z.string() }),
  z.object({ type: z.literal('user-disconnected'), userId: id, roomId: roomId.optional() }),
  z.object({ type: z.literal('user-banned'), userId: id, roomId: roomId.optional() }),
  z.object({ type: z.literal('node-drain'), nodeId: z.string(), on: z.boolean() }),
  z.object({ type: z.literal('rebalance'), sharePerMinute: z.number().positive().max(1) }),
  z.object({ type: z.literal('broadcast'), content: z.string() }),
]);

export function roomDeleted(roomId: number, generation: number | undefined): ControlEvent {
  return { type: 'room-deleted', roomId, ...(generation === undefined ? {} : { generation }) };
}

/** @returns undefined for what is no event, or one that only newer nodes know */
export function parseControlEvent(text: string): ControlEvent | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
