import type { Position } from '@chorus/protocol';

/** What a run does with a client of either protocol. */
export interface ChatClient {
  /** Number of its messages whose result is unknown. */
  readonly unanswered: number;
  /** Whether it is connected and in all its rooms, with nothing missing. */
  readonly whole: boolean;
  /** Position of the last message of a room that it has; undefined before the first. */
  position(roomId: number): Position | undefined;
  /** Connects, and keeps reconnecting. */
  start(): void;
  /**
   * Sends a message to a room. Resolves when it is certainly sent; a plain client may never know.
   * @param clientMsgId chosen by the client if not given; a plain client has none
   */
  publish(roomId: number, content: string, clientMsgId?: string): Promise<void>;
  /** Stops reading, as a program that hangs does; `false` continues. */
  stall(stalled: boolean): void;
  /** Cuts the connection without a close frame. */
  cut(): void;
  /** Leaves the connection open without reading it, and opens a new one. */
  abandon(): void;
  /** Closes the connection until {@link start}. */
  rest(): void;
  /** Closes the connection for good. */
  close(): void;
}
