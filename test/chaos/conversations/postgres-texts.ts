import type pg from 'pg';
import type { FoundText } from '../history/conversation.js';
import { foundIn, shortened } from './found-texts.js';

/** Returns the marks in all tables of a database. */
export async function marksInPostgres(client: pg.Client): Promise<FoundText[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found: FoundText[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ text: string }>(
      `SELECT t::text AS text FROM ${name} t WHERE t::text LIKE '%mark-%'`,
    );
    for (const { text } of rows) found.push(...foundIn(text, `the table ${name}: ${shortened(text)}`));
  }
  return found;
}
