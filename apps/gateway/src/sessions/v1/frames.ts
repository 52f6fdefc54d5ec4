import type { historyLostFrame, Member, Position, WelcomeFrame } from '@chorus/protocol';
import type { z } from 'zod';
import type { Ack } from '../../rooms/acks.js';
import type { MembershipFrames } from '../room-membership.js';

type HistoryLostFrame = z.infer<typeof historyLostFrame>;

/** Frames of `chorus.v1` about a membership. */
export const V1_FRAMES: MembershipFrames = {
  joined: ({ roomId, at: { epoch, seq }, recovered, stored }) =>
    JSON.stringify({ type: 'room-joined', roomId, epoch, seq, recovered, stored }),
  historyLost: (roomId, loss) => {
    const frame = { type: 'history-lost', roomId, ...loss } satisfies HistoryLostFrame;
    return JSON.stringify(frame);
  },
  left: (roomId, reason) => JSON.stringify({ type: 'room-left', roomId, reason }),
  v1: true,
};

export function encodeWelcome(
  connectionId: string,
  user: Member,
  expiresAt: number | null,
  limits: WelcomeFrame['limits'],
): string {
  const now = Date.now();
  const frame: WelcomeFrame = { type: 'welcome', connectionId, user, expiresAt, now, limits };
  return JSON.stringify(frame);
}

export function encodeAck({ room, clientMsgId, position: { epoch, seq } }: Ack): string {
  return JSON.stringify({ type: 'ack', roomId: room.id, clientMsgId, epoch, seq });
}

export function encodeStored(roomId: number, { epoch, seq }: Position): string {
  return JSON.stringify({ type: 'stored', roomId, epoch, seq });
}

export function encodeReconnect(afterMs: number): string {
  return JSON.stringify({ type: 'reconnect', afterMs });
}
