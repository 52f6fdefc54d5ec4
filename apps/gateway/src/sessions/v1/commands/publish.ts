import { idempotencyKey } from '@chorus/broker';
import { type ClientFrame, isStorable } from '@chorus/protocol';
import { Ack } from '../../../rooms/acks.js';
import type { CommandSession } from './command-session.js';

type PublishFrame = Extract<ClientFrame, { type: 'publish' }>;

/**
 * Publishes a message to a room. Acknowledges it with its position, and notifies the sender later when it is stored.
 */
export function publish(session: CommandSession, frame: PublishFrame): void {
  const { context, user, rooms } = session;
  const { roomId, clientMsgId, content } = frame;
  const membership = rooms.get(roomId);
  if (membership === undefined) {
    session.refuse('not_joined', frame);
    return;
  }
  if (!isStorable(content)) {
    session.refuse('bad_content', frame);
    return;
  }
  const id = context.nextMessageId();
  const body = membership.encode({ content, id, sentAt: Date.now(), clientMsgId });
  context.publish(roomId, body, idempotencyKey(user.id, clientMsgId)).then(
    (position) => {
      context.counters.acks++;
      const { room } = membership;
      const stays = rooms.get(roomId) === membership;
      context.acks.add(
        new Ack(session, room, clientMsgId, position),
        stays ? context.hub.position(room) : position,
      );
    },
    (error: unknown) => session.failed(error, frame),
  );
}
