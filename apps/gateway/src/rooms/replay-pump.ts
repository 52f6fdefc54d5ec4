import type { Replay } from '@chorus/broker';
import type { UserBudget } from '../connections/user-budget.js';
import type { Socket } from '../transport/transport.js';

/** Handed to a socket at a time, at most about so many bytes. */
const CHUNK_BYTES = 65_536;
/** What a replay may add to a socket's queue, as a part of what the queue may hold. */
const QUEUE_SHARE = 4;
const STALL_MS = 20_000;

export interface ReplayPumpParts {
  socket: Socket;
  replay: Replay;
  /** Counts those who are catching up in the room. */
  room: { catchingUp: number };
  /** Of the socket's user: when it is used up the replay goes on later. */
  budget: Pick<UserBudget, 'replayWaitMs' | 'replayed'>;
  /** How long the socket's queue may become before it is cut off, in bytes. */
  maxQueuedBytes: number;
  /** How long the socket may take for a chunk before it counts as too slow, in milliseconds. Default 20,000. */
  stallMs?: number | undefined;
  /** Nothing is left: what is delivered from this very moment on is what follows. Called at once, not later. */
  onDone(): void;
  /** The socket reads too slowly to get all of it. */
  onTooSlow(): void;
}

/**
 * Sends one socket what it has missed, as fast as it reads: never so much that the replay itself would make it
 * a slow reader, and with pauses, so that many can catch up side by side.
 */
export class ReplayPump {
  readonly #chunkBytes: number;
  #stall: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(private readonly parts: ReplayPumpParts) {
    this.#chunkBytes = Math.min(CHUNK_BYTES, Math.floor(parts.maxQueuedBytes / QUEUE_SHARE));
    parts.room.catchingUp++;
  }

  /** Sends what can be sent now. To be called at first, and when the socket's queue has become shorter. */
  run(): void {
    if (this.#ended) return;
    this.#clearTimers();
    const { socket, replay, budget } = this.parts;
    const pauseMs = budget.replayWaitMs(performance.now());
    if (pauseMs > 0) {
      this.#pause = setTimeout(() => this.run(), pauseMs);
      return;
    }
    // Up to one chunk in a row: live messages may come faster than one chunk each time the others had their turn.
    let left = this.#chunkBytes;
    while (socket.queuedBytes <= this.#chunkBytes) {
      if (left <= 0) {
        this.#turn = setImmediate(() => this.run());
        return;
      }
      const frames = replay.next(left);
      if (frames === undefined) {
        this.end();
        this.parts.onTooSlow();
        return;
      }
      if (frames.length === 0) {
        this.end();
        this.parts.onDone();
        return;
      }
      socket.sendAll(frames);
      let bytes = 0;
      for (const frame of frames) bytes += frame.byteLength;
      left -= bytes;
      budget.replayed(bytes, performance.now());
    }
    this.#stall = setTimeout(() => {
      this.end();
      this.parts.onTooSlow();
    }, this.parts.stallMs ?? STALL_MS);
  }

  /** Nothing is sent any more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.parts.room.catchingUp--;
    this.#clearTimers();
    this.parts.replay.end();
  }

  #clearTimers(): void {
    clearTimeout(this.#stall);
    clearTimeout(this.#pause);
    clearImmediate(this.#turn);
  }
}
