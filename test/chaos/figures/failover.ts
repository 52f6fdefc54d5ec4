import type { History } from '../history/history.js';

/** After each failover, by room: the time from the naming of the new primary to the first ack of a message. Includes the time until a member sends. */
export function failoverTimes({ faults, clients }: Pick<History, 'faults' | 'clients'>): number[] {
  const times: number[] = [];
  for (const { primaryNamedAt: namedAt, endedAt } of faults) {
    if (namedAt === undefined) continue;
    const first = new Map<number, number>();
    for (const { events } of clients) {
      for (const event of events) {
        if (event.type !== 'ack' || event.at <= namedAt || event.at > endedAt) continue;
        first.set(event.roomId, Math.min(event.at, first.get(event.roomId) ?? Number.POSITIVE_INFINITY));
      }
    }
    times.push(...[...first.values()].map((at) => at - namedAt));
  }
  return times;
}
