import { CLOSE, type ClientFrame } from '@chorus/protocol';
import type { CommandSession } from './command-session.js';

type RefreshFrame = Extract<ClientFrame, { type: 'refresh' }>;

/** Replaces the connection's token by a newer one of its user. */
export function refresh(session: CommandSession, frame: RefreshFrame): void {
  // Answers do not repeat the token.
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
  // The token may have been revoked after the check, before the connection was indexed by it.
  const [since] = await context.access.check([subject]).catch(() => ['ok']);
  if (since === 'revoked') session.close(CLOSE.unauthenticated);
}
