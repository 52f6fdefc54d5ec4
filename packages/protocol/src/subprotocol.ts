/** The WebSocket subprotocol that `docs/reference/protocol.md` is about. */
export const SUBPROTOCOL = 'chorus.v1';
