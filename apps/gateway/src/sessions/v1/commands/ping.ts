import type { CommandSession } from './command-session.js';

const PONG = JSON.stringify({ type: 'pong' });

export function ping(session: CommandSession): void {
  session.send(PONG);
}
