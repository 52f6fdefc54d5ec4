import type { ClientFrame } from '@chorus/protocol/types';
import { ChorusError } from '../chorus-error.js';
import type { Outbox } from './outbox.js';
import type { RoomHost } from './room-host.js';

/** Sends the messages of an outbox, one frame at a time, while the room is joined. */
export class Sender {
  /** A message was refused, and it is too early for a retry. */
  #paused = false;
  /** The next message waits for its turn in the pacer. */
  #scheduled = false;

  constructor(
    private readonly roomId: number,
    private readonly host: RoomHost,
    private readonly outbox: Outbox,
    private readonly isJoined: () => boolean,
  ) {}

  /** Sends the next message, if there is one and sending is allowed. */
  sendNext(): void {
    if (this.#scheduled || !this.#maySend()) return;
    this.#scheduled = true;
    this.host.send(() => {
      this.#scheduled = false;
      return this.#maySend() ? this.#nextFrame() : undefined;
    });
  }

  /** Stops sending until {@link resume}, or until the connection ends. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.sendNext();
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#paused = this.#scheduled = false;
  }

  #maySend(): boolean {
    return !this.#paused && this.isJoined();
  }

  /** Undefined if no message waits. A message that is too large for the gateway fails instead. */
  #nextFrame(): ClientFrame | undefined {
    const draft = this.outbox.next();
    if (draft === undefined) return undefined;
    const { clientMsgId } = draft;
    const frame = { ...draft.frame, roomId: this.roomId, clientMsgId } as ClientFrame;
    // A gateway closes the connection after a larger frame.
    if (new Blob([JSON.stringify(frame)]).size <= this.host.maxFrameBytes) return frame;
    this.outbox.refused(clientMsgId, new ChorusError('too_big', 'the message is too long'));
    return undefined;
  }
}
