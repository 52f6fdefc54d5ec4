import { CLOSE } from '@chorus/protocol';
import { AccessDeniedError } from '../../../rooms/prepared-join.js';
import type { About, CommandSession } from './command-session.js';

/** Answers a frame that failed, or ends the socket of a user whom the access list does not admit any more. */
export function answerFailure(session: CommandSession, error: unknown, about: About): void {
  if (!(error instanceof AccessDeniedError)) session.failed(error, about);
  else if (error.verdict === 'banned-from-room') session.refuse('banned', about);
  else session.close(error.verdict === 'banned' ? CLOSE.disconnected : CLOSE.unauthenticated);
}
