import type { PrismaPg } from '@prisma/adapter-pg';
import type { SessionMode } from './postgres-client.js';
import { settingsOfTransaction } from './session-settings.js';

export type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;
export type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>;
type IsolationLevel = Parameters<Adapter['startTransaction']>[0];
type Queryable = Pick<Transaction, 'queryRaw' | 'executeRaw'>;

/**
 * Makes an adapter run every statement with the settings of the mode. Does nothing while the settings last for a
 * session. Behind a pooler each statement becomes a transaction that applies them first, at the price of four round
 * trips.
 */
export function settleStatements(adapter: Adapter, mode: SessionMode): void {
  const { queryRaw, executeRaw, startTransaction } = {
    queryRaw: adapter.queryRaw.bind(adapter),
    executeRaw: adapter.executeRaw.bind(adapter),
    startTransaction: adapter.startTransaction.bind(adapter),
  };
  const settings = { sql: settingsOfTransaction(mode.settings), args: [], argTypes: [] };

  const begin = async (isolation?: IsolationLevel): Promise<Transaction> => {
    const transaction = await startTransaction(isolation ?? 'READ COMMITTED');
    try {
      await transaction.queryRaw(settings);
      return transaction;
    } catch (error) {
      await rollBack(transaction);
      throw error;
    }
  };
  const alone = async <T>(run: (target: Queryable) => Promise<T>): Promise<T> => {
    const transaction = await begin();
    try {
      const result = await run(transaction);
      await transaction.executeRaw({ sql: 'COMMIT', args: [], argTypes: [] });
      await transaction.commit();
      return result;
    } catch (error) {
      await rollBack(transaction);
      throw error;
    }
  };

  adapter.queryRaw = (query) =>
    mode.run(
      () => queryRaw(query),
      () => alone((target) => target.queryRaw(query)),
    );
  adapter.executeRaw = (query) =>
    mode.run(
      () => executeRaw(query),
      () => alone((target) => target.executeRaw(query)),
    );
  adapter.startTransaction = (isolation) =>
    mode.run(
      () => startTransaction(isolation),
      () => begin(isolation),
    );
}

/** Never rejects: the error that caused the rollback is the one to report. */
async function rollBack(transaction: Transaction): Promise<void> {
  await transaction.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] }).catch(() => {});
  await transaction.rollback();
}
