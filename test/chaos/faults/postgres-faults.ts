import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng, eventually } from '@chorus/testing';
import type pg from 'pg';
import type { ChaosPostgres } from '../servers/chaos-postgres.js';
import { needed, type ServerFault } from './server-fault.js';

const BACK_MS = 15_000;

/** A PostgreSQL that ends, hangs or refuses while rooms are created, renamed and deleted. */
export const POSTGRES_FAULTS = {
  async 'postgres-restart'({ forMs }, { cluster, hits, signal }) {
    const { member } = cluster.postgres;
    hits(`postgres (pid ${member.pid}), away for ${forMs} ms`);
    await member.stop();
    await sleep(forMs, undefined, { signal });
    await member.start();
  },

  async 'postgres-locked'({ forMs, seed }, { cluster, recreated, hits, signal }) {
    await cluster.postgres.with(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
      );
      // Every transaction writes to the table of the witness last: with its lock there would always be a deadlock.
      const names = rows.map(({ name }) => name).filter((name) => !/migration|chaos/.test(name));
      const tables = createPrng(seed).next() < 0.5 ? names : [createPrng(seed).pick(names)];
      hits(`${tables.length === names.length ? 'all tables' : tables[0]} for ${forMs} ms`);
      await lockTables(client, tables);
      await recreated.burst(forMs, async () => {
        await sleep(forMs, undefined, { signal });
        await client.query('ROLLBACK');
      });
    });
  },

  async 'postgres-full'({ forMs }, { cluster, recreated, hits, signal }) {
    const { postgres } = cluster;
    const disk = needed(postgres.disk);
    hits(`the disk of postgres for ${forMs} ms`);
    await disk.fill();
    await recreated.burst(forMs, async () => {
      try {
        await sleep(forMs, undefined, { signal });
      } finally {
        await disk.empty();
      }
      // It may have ended: PostgreSQL stops when it cannot write its log.
      await eventually(async () => {
        await postgres.member.start();
        await postgres.with((client) => client.query('SELECT 1'));
      }, BACK_MS);
    });
  },

  async 'postgres-read-only'({ forMs }, { cluster, recreated, hits, signal }) {
    hits(`postgres for ${forMs} ms`);
    await setReadOnly(cluster.postgres, 'on');
    await recreated.burst(forMs, async () => {
      try {
        await sleep(forMs, undefined, { signal });
      } finally {
        await setReadOnly(cluster.postgres, 'off');
      }
    });
  },
} satisfies Record<string, ServerFault>;

/** Locks tables in a transaction. Transactions of the cluster that have locked some of them can be in its way: it is repeated then. */
async function lockTables(client: pg.Client, tables: readonly string[]): Promise<void> {
  await eventually(async () => {
    await client.query('ROLLBACK; BEGIN');
    await client.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  }, BACK_MS);
}

/** For every session, open ones included. */
async function setReadOnly(postgres: ChaosPostgres, value: 'on' | 'off'): Promise<void> {
  await postgres.with(async (client) => {
    await client.query('SET default_transaction_read_only = off');
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await client.query('SELECT pg_reload_conf()');
  });
}
