import type { RoomReport } from '../check/room-checker.js';
import type { Identity } from '../dialect.js';
import type { SecondCounts } from '../result.js';
import type { Scenario } from '../scenario.js';

/** Orders of the main process to a worker, in this order; `finish` may come at any time after `prepare`. */
export type ToWorker =
  | {
      readonly type: 'prepare';
      readonly scenario: Scenario;
      readonly worker: number;
      /** Of the worker's connections, in order. */
      readonly identities: readonly Identity[];
      readonly roomIds: readonly number[];
      /** URL of the module. */
      readonly dialect: string;
    }
  /** Times are milliseconds of the clock that all processes share. Seconds of the run are counted from `began`. */
  | { readonly type: 'connect'; readonly began: number }
  /** Message k is due at `t0` + k/rate. */
  | { readonly type: 'load'; readonly t0: number }
  /** Answered by `settled`, once all messages have arrived. */
  | { readonly type: 'settle' }
  /** Answered by `report`; then the worker ends. */
  | { readonly type: 'finish' };

export type FromWorker =
  | { readonly type: 'ready' }
  /** All connections are in their rooms, or have been given up. */
  | { readonly type: 'connected' }
  | { readonly type: 'tick'; readonly tick: Tick }
  | { readonly type: 'settled' }
  | { readonly type: 'report'; readonly report: WorkerReport }
  /** The worker cannot continue, and ends. */
  | { readonly type: 'failed'; readonly why: string };

/** What one worker did in one second. Histograms are encoded. */
export interface Tick extends SecondCounts {
  /** Second of the run, from 0. */
  readonly second: number;
  readonly ackMs: string | undefined;
  readonly deliveryMs: string | undefined;
  readonly strain: Strain;
}

/** Load of a worker. */
export interface Strain {
  /** Delay of its timers, 99th percentile of the second, in milliseconds. */
  readonly delayMs: number;
  /** Share of the time in which its event loop was not waiting. */
  readonly busy: number;
  /** Share of a processor that it used. */
  readonly cpu: number;
  /** Delay of sending behind the schedule, 99th percentile of the second, in milliseconds. */
  readonly lateMs: number;
}

export interface NodeReport {
  readonly connections: number;
  readonly delivered: number;
  readonly ackMs: string;
  readonly deliveryMs: string;
  readonly warmUpMs: string;
}

export interface WorkerReport {
  readonly connects: {
    readonly ok: number;
    readonly failed: number;
    readonly failures: Readonly<Record<string, number>>;
    readonly ms: string;
    /** When the last of the first connects had succeeded or failed. */
    readonly doneAt: number;
  };
  /** After the warm-up. */
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly closes: Readonly<Record<string, number>>;
  readonly resumes: {
    readonly ok: number;
    readonly unrecovered: number;
    readonly failed: number;
    readonly ms: string;
    readonly replayMs: string;
    readonly perConnection: readonly number[];
  };
  /** One per target. */
  readonly nodes: readonly NodeReport[];
  readonly rooms: readonly RoomReport[];
}
