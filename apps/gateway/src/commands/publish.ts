import { type ClientFrame, isStorable } from '@chorus/protocol';
import type { V1Session } from '../v1-session.js';

type PublishFrame = Extract<ClientFrame, { type: 'publish' }>;

/** Says something in a room. The sender is told the message's position, and later that it is stored. */
export function publish(session: V1Session, frame: PublishFrame): void {
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
  context.publish(roomId, body, `${user.id}:${clientMsgId}`).then(
    (position) => {
      context.counters.acks++;
      const { epoch, seq } = position;
      session.send(JSON.stringify({ type: 'ack', roomId, clientMsgId, epoch, seq }));
      if (rooms.get(roomId) === membership) membership.room.watermark.await(session, position);
    },
    (error: unknown) => session.failed(error, frame),
  );
}
