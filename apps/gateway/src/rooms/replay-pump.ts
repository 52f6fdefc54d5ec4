import type { Replay } from '@chorus/broker';
import type { UserBudget } from '../connections/user-budget.js';
import type { Socket } from '../transport/transport.js';

/** Approximate maximum of bytes handed to a socket at a time. */
const CHUNK_BYTES = 65_536;
/** A replay may fill one in this many parts of a socket's queue. */
const QUEUE_SHARE = 4;
const STALL_MS = 20_000;

export interface ReplayPumpParts {
  socket: Socket;
  replay: Replay;
  /** Counts the subscribers that are catching up in the room. */
  room: { catchingUp: number };
  /** Budget of the socket's user: while it is exhausted, the replay pauses. */
  budget: Pick<UserBudget, 'replayWaitMs' | 'replayed'>;
  /** Largest queue of a socket before it is cut off, in bytes. */
  maxQueuedBytes: number;
  /** Time that the socket gets for a chunk before it counts as too slow, in milliseconds. Default 20,000. */
  stallMs?: number | undefined;
  /** Called synchronously when the replay is complete: the next live delivery continues it. */
  onDone(): void;
  /** Called when the socket reads too slowly to receive everything. */
  onTooSlow(): void;
}

/**
 * Sends one socket the messages that it missed, at the pace at which it reads: never enough to make it a slow reader,
 * and with pauses, so that many sockets can catch up concurrently.
 */
export class ReplayPump {
  readonly #chunkBytes: number;
  #stall: NodeJS.Timeout | undefined;
  #tick: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(private readonly parts: ReplayPumpParts) {
    this.#chunkBytes = Math.min(CHUNK_BYTES, Math.floor(parts.maxQueuedBytes / QUEUE_SHARE));
    parts.room.catchingUp++;
  }

  /** Sends the next part. To be called first at the start, and then whenever the socket's queue has become shorter. */
  run(): void {
    if (this.#ended) return;
    this.#clearTimers();
    const { socket, replay, budget } = this.parts;
    const pauseMs = budget.replayWaitMs(performance.now());
    if (pauseMs > 0) {
      this.#pause = setTimeout(() => this.run(), pauseMs);
      return;
    }
    // Sends up to one whole chunk per tick: with less, live messages could arrive faster than the replay advances.
    let left = this.#chunkBytes;
    while (socket.queuedBytes <= this.#chunkBytes) {
      if (left <= 0) {
        this.#tick = setImmediate(() => this.run());
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

  /** Stops the replay. */
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
    clearImmediate(this.#tick);
  }
}
