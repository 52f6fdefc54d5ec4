import { idempotencyKey } from '@chorus/broker';
import { type ClientFrame, checkData, checkMentions, isStorable } from '@chorus/protocol';
import { admitMessage } from '../../admit-message.js';
import type { RoomMembership } from '../../room-membership.js';
import { acknowledge } from './acknowledge.js';
import type { CommandSession } from './command-session.js';

type PublishFrame = Extract<ClientFrame, { type: 'publish' }>;

/**
 * Publishes a message to a room. Acknowledges it with its position, and notifies the sender later when it is stored.
 */
export function publish(session: CommandSession, frame: PublishFrame): void {
  const { context, user, rooms, changes } = session;
  const { roomId, clientMsgId, content, mentions, data } = frame;
  const membership = rooms.get(roomId);
  if (membership === undefined) {
    session.refuse('not_joined', frame);
    return;
  }
  if (!isStorable(content)) {
    session.refuse('bad_content', frame);
    return;
  }
  if (mentions !== undefined || data !== undefined) {
    const { messageLimits } = context;
    const problem =
      checkData(data, messageLimits) ?? checkMentions(mentions, messageLimits, membership.roomUser);
    if (problem !== undefined) {
      session.refuseAs(problem, frame);
      return;
    }
  }
  admitMessage(context.memberships, membership, user, clientMsgId, {
    refuse: (code, waitMs) =>
      session.refuse(code, { ...frame, retryAfterMs: waitMs }, Math.ceil(waitMs / 1_000)),
    failed: (error) => session.failed(error, frame),
    admitted() {
      // A message does not overtake changes that were sent before it.
      if (changes.isBusy(roomId)) changes.run(roomId, async () => send(session, membership, frame));
      else send(session, membership, frame);
    },
  });
}

function send(session: CommandSession, membership: RoomMembership, frame: PublishFrame): void {
  const { context, user } = session;
  const { roomId, clientMsgId, content, mentions, replyTo, data } = frame;
  const id = context.nextMessageId();
  const body = membership.encode({ content, id, sentAt: Date.now(), clientMsgId, mentions, replyTo, data });
  context.publish(roomId, body, idempotencyKey(user.id, clientMsgId)).then(
    (position) => acknowledge(session, membership, clientMsgId, position),
    (error: unknown) => session.failed(error, frame),
  );
}
