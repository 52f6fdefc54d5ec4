import { PrismaPg } from '@prisma/adapter-pg';
import type { DatabaseWatch } from '../database-watch.js';
import { isReadOnly, isRefusedByValues } from '../errors.js';
import type { SessionMode } from './postgres-client.js';
import type { SessionPool } from './session-pool.js';
import { type Adapter, settleStatements, type Transaction } from './settled-adapter.js';
import { StaleSessions } from './stale-sessions.js';

/**
 * The driver adapter with a watch over failures, which also drops sessions of a server that accepts no writes. Not a
 * wrapper of Prisma's client: that would add a layer to every query, and miss transactions that cannot begin.
 */
export class WatchedPg extends PrismaPg {
  readonly #mode: SessionMode;
  readonly #watch: DatabaseWatch;

  constructor({ pool, mode }: SessionPool, watch: DatabaseWatch) {
    super(pool, { schema: mode.settings.schema });
    this.#mode = mode;
    this.#watch = watch;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    const sessions = new StaleSessions(adapter.underlyingDriver());
    const failed = (error: unknown): void => {
      if (!isRefusedByValues(error)) this.#watch.failed();
      if (isReadOnly(error)) sessions.drop();
    };
    settleStatements(adapter, this.#mode);
    watchStatements(adapter, failed);
    const startTransaction = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (isolation) => {
      const transaction = await watched(startTransaction(isolation), failed);
      watchStatements(transaction, failed);
      return transaction;
    };
    return adapter;
  }
}

type OnFailure = (error: unknown) => void;

function watchStatements(target: Pick<Transaction, 'queryRaw' | 'executeRaw'>, failed: OnFailure): void {
  const queryRaw = target.queryRaw.bind(target);
  const executeRaw = target.executeRaw.bind(target);
  target.queryRaw = (query) => watched(queryRaw(query), failed);
  target.executeRaw = (query) => watched(executeRaw(query), failed);
}

async function watched<T>(work: Promise<T>, failed: OnFailure): Promise<T> {
  try {
    return await work;
  } catch (error) {
    failed(error);
    throw error;
  }
}
