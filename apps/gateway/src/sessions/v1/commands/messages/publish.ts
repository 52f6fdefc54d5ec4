import { idempotencyKey } from '@chorus/broker';
import type { MessageText } from '@chorus/hook';
import {
  type ClientFrame,
  checkData,
  checkMentions,
  checkParts,
  isStorable,
  type Position,
} from '@chorus/protocol';
import { admitMessage } from '../../../admit-message.js';
import type { RoomMembership } from '../../../room-membership.js';
import type { CommandSession } from '../command-session.js';
import { answerPublished } from './answer-published.js';

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
  const { hook, messageLimits } = context;
  const { roomId, clientMsgId, mentions, replyTo } = frame;
  const [id, key] = [context.nextMessageId(), idempotencyKey(user.id, clientMsgId)];
  const publishText = ({ content, data }: MessageText): Promise<Position> => {
    const sentAt = Date.now();
    const body = membership.encode({ content, id, sentAt, clientMsgId, mentions, replyTo, data });
    return context.publish(roomId, body, key);
  };
  const sent =
    hook === undefined
      ? publishText(frame)
      : hook.submit({
          draft: { ...frame, type: 'send', id, user },
          key,
          check: (changed) => checkParts({ ...changed, mentions }, messageLimits, membership.roomUser),
          publish: async (text) => membership.refusal ?? publishText(text),
        });
  answerPublished(session, membership, frame, sent);
}
