/** What an API key or an operator did, or was refused. */
export interface AuditedAction {
  /** Undefined: an operator. */
  readonly keyId: string | undefined;
  /** The user as whom the key acted. */
  readonly actingUserId: number | undefined;
  /** Id of the operation. */
  readonly action: string;
  readonly roomId: number | undefined;
  /** The user whom it was about. */
  readonly userId: number | undefined;
  /** Id of anything else that it was about: a key, a webhook or a gateway. */
  readonly target: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number;
  readonly requestId: string;
}

/** One row of the audit. */
export interface AuditEntry extends AuditedAction {
  readonly id: string;
  /** Time of the first request that it counts. */
  readonly at: Date;
  /** Number of requests, or of messages. */
  readonly count: number;
}

/** What one request did several times, for example the messages of a batch to one room. */
export interface AuditCount {
  readonly roomId: number;
  readonly status: number;
  readonly times: number;
}
