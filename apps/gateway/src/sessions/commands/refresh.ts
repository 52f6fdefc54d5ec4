import { CLOSE, type ClientFrame } from '@chorus/protocol';
import type { CommandSession } from './session.js';

type RefreshFrame = Extract<ClientFrame, { type: 'refresh' }>;

/** Goes on with a newer token of the same user. */
export function refresh(session: CommandSession, frame: RefreshFrame): void {
  // The token is not repeated in answers.
  renew(session, frame.token).catch((error: unknown) => session.failed(error, { type: frame.type }));
}

async function renew(session: CommandSession, text: string): Promise<void> {
  const { context, user } = session;
  const token = context.verify(text);
  if (token === undefined || token.user.id !== user.id) {
    session.refuse('invalid_token', { type: 'refresh' });
    return;
  }
  const subject = { userId: user.id, tokenId: token.tokenId, generation: token.generation };
  const [verdict] = await context.access.check([subject]);
  if (verdict !== 'ok') {
    session.refuse('invalid_token', { type: 'refresh' });
    return;
  }
  if (!session.open) return;
  session.renew(token);
  session.send(JSON.stringify({ type: 'refreshed', expiresAt: token.expiresAt, now: Date.now() }));
  // It may have been revoked after the check and before this connection was known by it.
  const [since] = await context.access.check([subject]).catch(() => ['ok']);
  if (since === 'revoked') session.close(CLOSE.unauthenticated);
}
