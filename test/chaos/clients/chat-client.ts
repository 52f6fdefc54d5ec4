import type { Position } from '@chorus/protocol';

/** What a run does with a client, whichever protocol it speaks. */
export interface ChatClient {
  /** Messages that it sent and does not know the fate of. */
  readonly unanswered: number;
  /** Connected, and in every room that it is to be in, with nothing missing. */
  readonly whole: boolean;
  /** Of the last message of a room that it has; undefined before the first. */
  position(roomId: number): Position | undefined;
  /** Connects, and goes on doing so. */
  start(): void;
  /**
   * Sends a message to a room. Resolves when it is sent for certain; a plain client may never know.
   * @param clientMsgId chosen by the client unless given; a plain client has none
   */
  publish(roomId: number, content: string, clientMsgId?: string): Promise<void>;
  /** Stops reading, as a program that hangs does; `false` reads on. */
  stall(stalled: boolean): void;
  /** Cuts the connection without a close frame. */
  cut(): void;
  /** Leaves the connection open behind, never to be read again, and makes a new one. */
  abandon(): void;
  /** Closes the connection and stays away until {@link start}. */
  rest(): void;
  /** Closes the connection for good. */
  close(): void;
}
