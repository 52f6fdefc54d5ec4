import type { CloseReason } from './close-codes.js';

/** One reason for which the API or a gateway refuses something. */
export interface CatalogueEntry {
  /** Status of the HTTP response; undefined if no HTTP response carries the code. */
  readonly status?: number;
  /** Whether a gateway can refuse an upgrade to a WebSocket with it. */
  readonly upgrade?: true;
  /** Whether an `error` frame of `chorus.v1` can carry it. */
  readonly frame?: true;
  /** How a socket is closed whose first frame, the token, is refused with it. */
  readonly close?: CloseReason;
  /** Whether an unchanged request can succeed later. */
  readonly retry: boolean;
  /** Seconds in `Retry-After`, unless the server has a better estimate. */
  readonly retryAfterSeconds?: number;
  /** Text for people; not stable. A function if it names a field or a limit. */
  readonly text: string | ((...details: never[]) => string);
}
