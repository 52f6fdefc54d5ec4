/** The WebSocket subprotocol that `docs/protocol.md` is about. */
export const SUBPROTOCOL = 'chorus.v1';
