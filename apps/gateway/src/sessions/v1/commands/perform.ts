import type { ClientFrame } from '@chorus/protocol';
import { append } from './append.js';
import type { CommandSession } from './command-session.js';
import { deleteMessage } from './delete-message.js';
import { edit } from './edit.js';
import { join } from './join.js';
import { leave } from './leave.js';
import { ping } from './ping.js';
import { presence } from './presence.js';
import { publish } from './publish.js';
import { react } from './react.js';
import { read } from './read.js';
import { refresh } from './refresh.js';
import { typing } from './typing.js';
import { watchInbox } from './watch-inbox.js';
import { watchRooms } from './watch-rooms.js';

/** Maps frames of a `chorus.v1` client to commands. Each command sends its own answer. */
export function perform(session: CommandSession, frame: ClientFrame): void {
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
