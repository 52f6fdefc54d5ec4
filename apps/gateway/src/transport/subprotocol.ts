import { SUBPROTOCOL } from '@chorus/protocol';
import type { Request } from './transport.js';

/** Whether the client offers to speak `chorus.v1`, beside whatever else. */
export function offersV1(request: Request): boolean {
  const offered = request.header('sec-websocket-protocol')?.split(',') ?? [];
  return offered.some((name) => name.trim() === SUBPROTOCOL);
}
