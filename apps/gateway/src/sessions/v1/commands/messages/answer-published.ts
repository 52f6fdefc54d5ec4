import { type MessageRefusal, type Position, Refusal } from '@chorus/protocol';
import type { RoomMembership } from '../../../room-membership.js';
import type { CommandSession } from '../command-session.js';
import { acknowledge } from './acknowledge.js';

/** Answers a frame whose entry is being published. */
export function answerPublished(
  session: CommandSession,
  membership: RoomMembership,
  frame: { readonly type: string; readonly roomId: number; readonly clientMsgId: string },
  published: Promise<Position | MessageRefusal>,
): void {
  published.then(
    (result) => {
      if (result instanceof Refusal) session.refuseAs(result, frame);
      else acknowledge(session, membership, frame.clientMsgId, result);
    },
    (error: unknown) => session.failed(error, frame),
  );
}
