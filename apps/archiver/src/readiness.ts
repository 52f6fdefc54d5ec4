import { databaseTrouble } from '@chorus/database';
import type { Archiver } from './archiver.js';
import type { MessageStore } from './messages/message-store.js';

interface Dependencies {
  readonly archiver: Pick<Archiver, 'failure'>;
  readonly store: Pick<MessageStore, 'ping'>;
  /** Returns why Redis does not work at the moment, as a predicate of its name, as far as is known. */
  readonly redisTrouble: () => string | undefined;
}

/** Returns why an archiver cannot work at the moment; undefined if it can. */
export async function archiverTrouble(parts: Dependencies): Promise<string | undefined> {
  const redis = parts.redisTrouble();
  // Checked even if no message waits: the first message would reveal a failure too late.
  const postgres = await parts.store.ping().then(() => undefined, databaseTrouble);
  const problems = [
    ...(redis === undefined ? [] : [`Redis ${redis}`]),
    ...(postgres === undefined ? [] : [`PostgreSQL ${postgres}`]),
  ];
  return problems.length > 0 ? problems.join('; ') : parts.archiver.failure;
}
