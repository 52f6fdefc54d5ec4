import type { V1Session } from '../v1-session.js';

const PONG = JSON.stringify({ type: 'pong' });

export function ping(session: V1Session): void {
  session.send(PONG);
}
