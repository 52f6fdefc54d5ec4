import type { RoomReport } from './room-checker.js';

/** What one worker saw of a room. */
export interface WorkerReport extends RoomReport {
  readonly strays: number;
  readonly expected: Uint32Array;
  readonly numbers: Uint32Array;
  readonly senders: Uint32Array;
  /** Of all members, one after another. */
  readonly arrivals: ReadonlyArray<{
    readonly numbers: Uint32Array;
    readonly epochs: Float64Array;
    readonly seqs: Float64Array;
  }>;
}
