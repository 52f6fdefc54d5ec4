import { idempotencyKey } from '@chorus/broker';
import type { Draft, MessageText } from '@chorus/hook';
import {
  type ChangeParts,
  type ChangingFrame,
  checkChange,
  encodeChange,
  type MessageLimits,
  type MessageRefusal,
  type Position,
} from '@chorus/protocol';
import type { TargetMessage } from '../../../../rooms/target-messages.js';
import type { RoomMembership } from '../../../room-membership.js';
import type { CommandSession } from '../command-session.js';
import { acknowledge } from './acknowledge.js';
import { answerPublished } from './answer-published.js';

/** Fields that every change has. */
export type ChangeStart = Pick<ChangeParts, 'id' | 'sentAt' | 'clientMsgId'>;

/** What one kind of change adds to {@link changeMessage}. */
export interface MessageChangeCommand {
  /** The text that the message gets, about which the before-publish hook is asked; undefined for a change without one. */
  readonly text?: Pick<Draft, 'type' | 'content' | 'data' | 'mentions'>;
  /**
   * Checks the frame.
   * @param target undefined while the message is not read yet
   * @param text what the hook has changed the text to; by default it is that of the frame
   */
  check(
    limits: MessageLimits,
    target: TargetMessage | undefined,
    text?: MessageText,
  ): MessageRefusal | undefined;
  /** Returns the change to publish, and applies it to what this node knows of the message. @param text as for {@link check} */
  parts(start: ChangeStart, target: TargetMessage, text?: MessageText): ChangeParts;
  /** Whether the message is remembered, because more changes of it follow. */
  readonly grows?: boolean;
  /** Whether the reactions of the message are read. */
  readonly reacts?: boolean;
}

/**
 * Publishes a change of a message: reads the message from the recent history, checks the user, and acknowledges the change with its position.
 * Changes and messages that one socket sends to one room keep their order.
 */
export function changeMessage(
  session: CommandSession,
  frame: ChangingFrame,
  command: MessageChangeCommand,
): void {
  const { context, rooms, changes } = session;
  const { roomId, target: at } = frame;
  const membership = rooms.get(roomId);
  if (membership === undefined) {
    session.refuse('not_joined', frame);
    return;
  }
  const { mutedMs } = membership;
  if (mutedMs > 0 && frame.type !== 'delete' && frame.type !== 'unreact') {
    session.refuse('muted', { ...frame, retryAfterMs: mutedMs }, Math.ceil(mutedMs / 1_000));
    return;
  }
  const problem = command.check(context.messageLimits, undefined);
  if (problem !== undefined) {
    session.refuseAs(problem, frame);
    return;
  }
  const known = command.grows ? context.targets.known(roomId, at, performance.now()) : undefined;
  if (known !== undefined && !changes.isBusy(roomId)) publish(session, membership, frame, command, known);
  else changes.run(roomId, () => readAndPublish(session, membership, frame, command));
}

/** Never rejects. Resolves when the change was sent to the broker. */
async function readAndPublish(
  session: CommandSession,
  membership: RoomMembership,
  frame: ChangingFrame,
  command: MessageChangeCommand,
): Promise<void> {
  const { targets, hub } = session.context;
  const { roomId, target: at, clientMsgId } = frame;
  try {
    const known = command.grows ? targets.known(roomId, at, performance.now()) : undefined;
    const room = {
      id: roomId,
      delivered: hub.position(membership.room),
      expiredUpTo: hub.expiredUpTo(membership.room),
    };
    const target = known ?? (await targets.read(room, at));
    if (typeof target !== 'string') {
      if (command.reacts) target.reactions = await targets.reactions(room, at, performance.now());
      if (command.grows && known === undefined) targets.remember(roomId, at, target, performance.now());
      publish(session, membership, frame, command, target);
      return;
    }
    // A repetition is acknowledged even if its message is gone by now.
    const key = idempotencyKey(session.user.id, clientMsgId);
    const position = await targets.publishedWith(roomId, key);
    if (position === undefined) session.refuse(target, frame);
    else acknowledge(session, membership, clientMsgId, position);
  } catch (error) {
    session.failed(error, frame);
  }
}

function publish(
  session: CommandSession,
  membership: RoomMembership,
  frame: ChangingFrame,
  command: MessageChangeCommand,
  target: TargetMessage,
): void {
  const { context, user, rooms } = session;
  const { hook, messageLimits } = context;
  const { roomId, clientMsgId, type } = frame;
  if (rooms.get(roomId) !== membership) {
    session.refuse('not_joined', frame);
    return;
  }
  const problem =
    checkChange(type, membership.roomUser, target.author.id === user.id) ??
    command.check(messageLimits, target);
  if (problem !== undefined) {
    session.refuseAs(problem, frame);
    return;
  }
  const [id, key] = [context.nextMessageId(), idempotencyKey(user.id, clientMsgId)];
  const publishChange = (text?: MessageText): Promise<Position> => {
    const parts = command.parts({ id, sentAt: Date.now(), clientMsgId }, target, text);
    return context.publish(roomId, encodeChange(roomId, user, parts), key);
  };
  const { text } = command;
  if (hook === undefined) answerPublished(session, membership, frame, publishChange());
  else if (text === undefined) {
    answerPublished(session, membership, frame, hook.inTurn(roomId, user.id, publishChange));
  } else {
    const sent = hook.submit({
      draft: { ...text, id, roomId, user, target: frame.target },
      key,
      check: () => undefined,
      // Also what was not changed: other appends may have made the message longer.
      publish: async (made) =>
        membership.refusal ?? command.check(messageLimits, target, made) ?? publishChange(made),
    });
    answerPublished(session, membership, frame, sent);
  }
}
