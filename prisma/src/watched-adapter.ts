import { PrismaPg } from '@prisma/adapter-pg';
import type { DatabaseWatch } from './database-watch.js';
import { isRefusedByValues } from './errors.js';
import type { SessionMode } from './postgres-client.js';
import { type Adapter, settleStatements, type Transaction } from './settled-adapter.js';

/**
 * The driver, with somebody who is told what fails. Here and not around Prisma's client: that would add a layer to
 * every query, and not see transactions that cannot begin.
 */
export class WatchedPg extends PrismaPg {
  readonly #mode: SessionMode;
  readonly #watch: DatabaseWatch;

  constructor(
    config: ConstructorParameters<typeof PrismaPg>[0],
    parts: { mode: SessionMode; watch: DatabaseWatch },
  ) {
    super(config, { schema: parts.mode.settings.schema });
    this.#mode = parts.mode;
    this.#watch = parts.watch;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    // A connection with a statement that was given up, or that is within a transaction, serves no other statement.
    adapter.underlyingDriver().on('release', (_error, client) => {
      if (client.getTransactionStatus() !== 'I') client.end().catch(() => {});
    });
    settleStatements(adapter, this.#mode);
    watchStatements(adapter, this.#watch);
    const startTransaction = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (isolation) => {
      const transaction = await watched(startTransaction(isolation), this.#watch);
      watchStatements(transaction, this.#watch);
      return transaction;
    };
    return adapter;
  }
}

function watchStatements(target: Pick<Transaction, 'queryRaw' | 'executeRaw'>, watch: DatabaseWatch): void {
  const queryRaw = target.queryRaw.bind(target);
  const executeRaw = target.executeRaw.bind(target);
  target.queryRaw = (query) => watched(queryRaw(query), watch);
  target.executeRaw = (query) => watched(executeRaw(query), watch);
}

async function watched<T>(work: Promise<T>, watch: DatabaseWatch): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isRefusedByValues(error)) watch.failed();
    throw error;
  }
}
