import { MessageRepository, RoomRepository } from '@chorus/api';
import { type Database, Prisma } from '@chorus/database';
import { EPOCH, LARGE_ROOM, type Size, USER } from './fill.js';

/** Returns the plans of the statements that requests for messages run, with what they read. */
export async function plansOfHistory(db: Database, { messages }: Size): Promise<Map<string, string>> {
  const room = { id: LARGE_ROOM, expiredUpTo: undefined, storedUpTo: { epoch: EPOCH, seq: 0 } };
  const middle = { epoch: EPOCH, seq: Math.floor(messages / 20) };
  const kept = { ...room, expiredUpTo: Date.now() - 30 * 86_400_000 };
  const reads: Record<string, (repository: MessageRepository) => Promise<unknown>> = {
    'newest page': (repository) => repository.before(LARGE_ROOM, undefined, 51),
    'page before': (repository) => repository.before(LARGE_ROOM, middle, 51),
    'page after': (repository) => repository.after(room, middle, 51),
    'page after, behind many old ones': (repository) => repository.after(kept, middle, 51),
    'changed since': (repository) => repository.changedAfter(room, middle, 51),
  };
  const plans = new Map<string, string>();
  const rooms: string[] = [];
  await new RoomRepository(explaining(db, rooms)).findFor(LARGE_ROOM, USER.id);
  plans.set('the room, for the user', rooms.join('\n'));
  for (const [name, read] of Object.entries(reads)) {
    const texts: string[] = [];
    await read(new MessageRepository(explaining(db, texts)));
    plans.set(name, texts.join('\n\n'));
  }
  return plans;
}

/** Returns a client that also records the plan of each statement. */
export function explaining(db: Database, plans: string[]): Database {
  const queryRaw = async (
    query: TemplateStringsArray | Prisma.Sql,
    ...values: unknown[]
  ): Promise<unknown> => {
    const sql = query instanceof Prisma.Sql ? query : Prisma.sql(query, ...values);
    // The second run finds all pages in memory.
    for (let run = 0; run < 2; run++) {
      const rows = await db.$queryRawUnsafe<Array<{ 'QUERY PLAN': string }>>(
        `EXPLAIN (ANALYZE, BUFFERS) ${sql.text}`,
        ...sql.values,
      );
      if (run > 0) plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    }
    return db.$queryRaw(sql);
  };
  return new Proxy(db, {
    get: (target, name) => (name === '$queryRaw' ? queryRaw : Reflect.get(target, name)),
  });
}
