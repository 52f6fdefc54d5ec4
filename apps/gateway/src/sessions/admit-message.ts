import type { MembershipList } from '@chorus/control';
import type { Member } from '@chorus/protocol';
import type { RoomMembership } from './room-membership.js';

/** What becomes of a message that a client sends: exactly one of these is called. */
export interface Admitting {
  /** @param waitMs time until the user may send again, in milliseconds */
  refuse(code: 'muted' | 'slow_mode', waitMs: number): void;
  failed(error: unknown): void;
  admitted(): void;
}

let count = 0;

/**
 * Checks that the user is not muted, and takes a turn in a room with slow mode. In other rooms it calls back at once.
 * @param clientMsgId id of the message: sent again, it takes no other turn
 */
export function admitMessage(
  memberships: Pick<MembershipList, 'takeTurn'>,
  membership: RoomMembership,
  { id }: Member,
  clientMsgId: string | undefined,
  outcome: Admitting,
): void {
  const { mutedMs, slowModeSeconds, room } = membership;
  if (mutedMs > 0) outcome.refuse('muted', mutedMs);
  else if (slowModeSeconds === 0) outcome.admitted();
  else {
    const messageId =
      clientMsgId === undefined
        ? `${process.pid}-${process.hrtime.bigint()}-${count++}`
        : `id:${clientMsgId}`;
    memberships.takeTurn(id, room.id, slowModeSeconds, messageId).then(
      (waitMs) => (waitMs > 0 ? outcome.refuse('slow_mode', waitMs) : outcome.admitted()),
      (error: unknown) => outcome.failed(error),
    );
  }
}
