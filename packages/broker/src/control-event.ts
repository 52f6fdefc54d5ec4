import { type ListedRoom, listedRoom } from '@chorus/protocol';
import { z } from 'zod';

/** Changes that every node must receive. */
export type ControlEvent =
  /**
   * The room of that id and, if given, that generation was deleted. Another room may have the id by the time that a
   * node receives this.
   */
  | { type: 'room-deleted'; roomId: number; generation?: number | undefined }
  | { type: 'room-renamed'; roomId: number; name: string }
  /**
   * The list of rooms that every user may see now contains this room as given. Never sent for other rooms: all clients
   * that watch the list receive it.
   */
  | { type: 'room-listed'; room: ListedRoom }
  /** The list no longer contains this room. */
  | { type: 'room-unlisted'; roomId: number }
  /** A session was signed out: sockets with this token close. */
  | { type: 'token-revoked'; tokenId: string }
  /** An operator disconnects a user, or removes the user from one room. */
  | { type: 'user-disconnected'; userId: number; roomId?: number | undefined }
  /** A user was banned: like `user-disconnected`, and the access list refuses the user from now on. */
  | { type: 'user-banned'; userId: number; roomId?: number | undefined }
  /** An operator starts or ends the drain of a node. */
  | { type: 'node-drain'; nodeId: string; on: boolean }
  /** An operator makes nodes above the average give up some of their connections. */
  | { type: 'rebalance'; sharePerMinute: number }
  /** An operator's message to all clients. */
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

/** Parses a control event. @returns undefined for other texts, and for events that only newer nodes know */
export function parseControlEvent(text: string): ControlEvent | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
