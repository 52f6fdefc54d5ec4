import type { ClientFrame } from '@chorus/protocol';
import { answerFailure } from './answer-failure.js';
import type { CommandSession } from './command-session.js';
import { join } from './join.js';
import { leave } from './leave.js';
import { append } from './messages/append.js';
import { deleteMessage } from './messages/delete.js';
import { edit } from './messages/edit.js';
import { publish } from './messages/publish.js';
import { react } from './messages/react.js';
import { ping } from './ping.js';
import { presence } from './presence.js';
import { read } from './read.js';
import { isEntry } from './read-frame.js';
import { refresh } from './refresh.js';
import { typing } from './typing.js';
import { watchInbox } from './watch-inbox.js';
import { watchRooms } from './watch-rooms.js';

/**
 * Performs a frame of a `chorus.v1` client. Messages and changes of messages wait until it is known what the user is in the room, and
 * other frames about the room wait with them: frames about one room stay in order.
 */
export function perform(session: CommandSession, frame: ClientFrame): void {
  const membership = 'roomId' in frame ? session.rooms.get(frame.roomId) : undefined;
  const checking = isEntry(frame.type) ? membership?.checked() : membership?.checking;
  if (checking === undefined) command(session, frame);
  else
    checking.then(
      () => command(session, frame),
      (error: unknown) => answerFailure(session, error, frame),
    );
}

/** Maps frames to commands. Each command sends its own answer. */
function command(session: CommandSession, frame: ClientFrame): void {
  switch (frame.type) {
    case 'join':
      join(session, frame);
      break;
    case 'leave':
      leave(session, frame);
      break;
    case 'publish':
      publish(session, frame);
      break;
    case 'edit':
      edit(session, frame);
      break;
    case 'delete':
      deleteMessage(session, frame);
      break;
    case 'react':
    case 'unreact':
      react(session, frame);
      break;
    case 'append':
      append(session, frame);
      break;
    case 'presence':
      presence(session, frame);
      break;
    case 'typing':
      typing(session, frame);
      break;
    case 'refresh':
      refresh(session, frame);
      break;
    case 'watch-rooms':
      watchRooms(session);
      break;
    case 'watch-inbox':
      watchInbox(session, frame);
      break;
    case 'read':
      read(session, frame);
      break;
    case 'ping':
      ping(session);
      break;
    default:
      frame satisfies never;
  }
}
