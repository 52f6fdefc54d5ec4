import { databaseTrouble } from '@chorus/database';
import { Refusal } from '@chorus/protocol';
import { type Logger, type OperatorAnswer, TroubleLog } from '@chorus/service';
import type { Archiver } from './archiver.js';
import type { MessageStore } from './message-store.js';

interface Dependencies {
  readonly archiver: Pick<Archiver, 'failure'>;
  readonly store: Pick<MessageStore, 'ping'>;
  /** Returns why Redis does not work at the moment, as a predicate of its name, as far as is known. */
  readonly redisTrouble: () => string | undefined;
  /** Whether this archiver is shutting down. */
  readonly isClosing: () => boolean;
  readonly log: Logger;
}

/**
 * Answers `/readyz`. An archiver is not ready only until it can work for the first time, and while it shuts down. A
 * later outage affects all archivers and is `degraded`.
 */
export function readinessOf({
  archiver,
  store,
  redisTrouble,
  isClosing,
  log,
}: Dependencies): () => Promise<OperatorAnswer> {
  let wasReady = false;
  const troubles = new TroubleLog(log);
  return async () => {
    if (isClosing()) return notReady('draining');
    const redis = redisTrouble();
    // Checked even if no message waits: the first message would reveal a failure too late.
    const postgres = await store.ping().then(() => undefined, databaseTrouble);
    const problems = [
      ...(redis === undefined ? [] : [`Redis ${redis}`]),
      ...(postgres === undefined ? [] : [`PostgreSQL ${postgres}`]),
    ];
    const error = problems.length > 0 ? problems.join('; ') : archiver.failure;
    troubles.note(error);
    if (error === undefined) {
      wasReady = true;
      return { status: 200, body: { status: 'ready' } };
    }
    return wasReady ? { status: 200, body: { status: 'degraded', error } } : notReady(`starting: ${error}`);
  };
}

function notReady(why: string): OperatorAnswer {
  const refusal = new Refusal('not_ready', why);
  return { status: refusal.status, body: refusal.bodyFor(), headers: refusal.headers };
}
