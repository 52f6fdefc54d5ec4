/** The WebSocket subprotocol that `docs/reference/protocol.md` describes. */
export const SUBPROTOCOL = 'chorus.v1';
