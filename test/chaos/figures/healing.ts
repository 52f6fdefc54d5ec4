import { watchesOf } from '../history/absences.js';
import type { FaultKind } from '../history/history.js';
import type { HistoryIndex } from '../history/index-history.js';

const OF_REDIS: ReadonlySet<FaultKind> = new Set(['redis-restart', 'redis-kill', 'redis-freeze']);
/** A room without a message for this time after an outage is not counted, in milliseconds. */
const SILENT_MS = 5_000;

/**
 * After each outage of Redis, by room: the time until all members that stayed connected had received a message again.
 * As rooms are delivered in order, they received the missed messages before. Includes the time until a member sends:
 * an upper bound.
 */
export function healingTimes({ history, rooms }: HistoryIndex): number[] {
  const times: number[] = [];
  const outages = history.faults.filter(({ kind }) => OF_REDIS.has(kind));
  for (const { endedAt, startedAt } of outages) {
    const next = outages.find((outage) => outage.startedAt > endedAt)?.startedAt ?? Number.POSITIVE_INFINITY;
    for (const { roomId, views } of rooms.values()) {
      let slowest: number | undefined;
      for (const { client } of views) {
        // Another outage this soon makes this one unmeasurable.
        const until = Math.min(endedAt + SILENT_MS, next);
        if (!watchesOf(client, roomId).some(({ from, to }) => from < startedAt && to > until)) continue;
        const first = client.events.find(
          (event) => event.type === 'message' && event.message.roomId === roomId && event.at > endedAt,
        );
        if (first === undefined || first.at > until) continue;
        slowest = Math.max(slowest ?? 0, first.at - endedAt);
      }
      if (slowest !== undefined) times.push(slowest);
    }
  }
  return times;
}
