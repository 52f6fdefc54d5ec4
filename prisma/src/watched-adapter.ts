import { PrismaPg } from '@prisma/adapter-pg';
import type { DatabaseWatch } from './database-watch.js';
import { isRefusedByValues } from './errors.js';

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;
type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>;

/**
 * The driver, with somebody who is told what fails. Here and not around Prisma's client: that would add a layer to
 * every query, and not see transactions that cannot begin.
 */
export class WatchedPg extends PrismaPg {
  readonly #watch: DatabaseWatch;

  constructor(config: ConstructorParameters<typeof PrismaPg>[0], watch: DatabaseWatch) {
    super(config);
    this.#watch = watch;
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
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
