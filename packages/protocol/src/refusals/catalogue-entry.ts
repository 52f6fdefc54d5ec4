import type { CloseReason } from './close-codes.js';

/** One reason for which the API or a gateway refuses something. */
export interface CatalogueEntry {
  /** Status of the HTTP response; undefined if no HTTP response carries the code. */
  readonly status?: number;
  /** Whether an upgrade to a WebSocket can be refused with it. */
  readonly upgrade?: true;
  /** Whether an `error` frame of `chorus.v1` can carry it. */
  readonly frame?: true;
  /** How a socket ends whose first frame, the token, is refused with it. */
  readonly close?: CloseReason;
  /** Whether the same request, sent again later and unchanged, can succeed. */
  readonly retry: boolean;
  /** Seconds in `Retry-After`, unless the server knows better. */
  readonly retryAfterSeconds?: number;
  /** For people, and not stable. A function where it names a field or a limit. */
  readonly text: string | ((...details: never[]) => string);
}
