import type { Database, Prisma } from '@chorus/database';

/** Stores the answer to a request in the transaction that creates something for it. */
export interface Remember<T> {
  /** @throws {RepeatedRequest} the request has an answer already: the transaction must be rolled back */
  store(tx: Prisma.TransactionClient, made: T): Promise<void>;
  /** Forgets the answer, in the transaction that takes back what was created. */
  forget(tx: Prisma.TransactionClient): Promise<void>;
}

/** A request whose key another request has used in the meantime. */
export class RepeatedRequest extends Error {}

/**
 * Creates something by one statement, and stores the answer with it.
 * @param create returns undefined when it creates nothing
 */
export async function createOnce<T>(
  db: Database,
  remember: Remember<T> | undefined,
  create: (tx: Prisma.TransactionClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  if (remember === undefined) return create(db);
  return db.$transaction(async (tx) => {
    const made = await create(tx);
    if (made !== undefined) await remember.store(tx, made);
    return made;
  });
}

/** Returns what stores the answer for something that is shown in another form. */
export function mapped<From, To>(
  remember: Remember<To> | undefined,
  map: (made: From) => To,
): Remember<From> | undefined {
  return remember && { ...remember, store: (tx, made) => remember.store(tx, map(made)) };
}
