import type { CurrentMessage, Delivery, DeliveryState, Member } from '@chorus/client';

/** Noon of a day, local time: the following hours are of that day. */
export const NOON = new Date(2026, 5, 10, 12).getTime();
export const MINUTE = 60_000;
export const ADA: Member = { id: 1, username: 'ada' };
export const BEN: Member = { id: 2, username: 'ben' };

/** Message number `seq`, sent `minutes` after noon. */
export function message(
  seq: number,
  { id: userId, username }: Member,
  { minutes = seq, clientMsgId }: { minutes?: number; clientMsgId?: string } = {},
): CurrentMessage {
  const content = `message ${seq}`;
  const said = {
    type: 'message' as const,
    epoch: 1,
    seq,
    roomId: 1,
    id: `m${seq}`,
    userId,
    username,
    content,
    reactions: [],
    replies: 0,
  };
  const sentAt = NOON + minutes * MINUTE;
  return clientMsgId === undefined ? { ...said, sentAt } : { ...said, sentAt, clientMsgId };
}

export function delivery(clientMsgId: string, state: DeliveryState): Delivery {
  return { clientMsgId, content: `of ${clientMsgId}`, state };
}
