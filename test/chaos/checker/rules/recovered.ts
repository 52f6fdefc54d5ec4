import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import type { ClientHistory, Fault, HistoryEvent } from '../../history/history.js';
import type { HistoryIndex, Sending } from '../../history/index-history.js';
import { sendingOf } from '../../history/message-name.js';
import type { Rule } from '../rule.js';

type Joined = Extract<HistoryEvent, { type: 'joined' }>;

/** How long after a loss a gateway may still answer with a position that Redis has lost, in milliseconds. */
const REPEATED_MS = 5_000;

export const recovered: Rule = {
  name: 'recovered',
  promise:
    'no client got `recovered: false` although the recent history reached back far enough and nothing of it was lost',
  *check(index) {
    const { faults, promises } = index.history;
    const { historySize } = promises;
    for (const client of index.history.clients) {
      for (const event of client.events) {
        if (event.type !== 'joined' || event.recovered || event.since === undefined) continue;
        const { roomId, since, position } = event;
        if (position === undefined) continue;
        const missed = (index.rooms.get(roomId)?.messages ?? []).filter(
          (message) => isAfter(message, since) && !isAfter(message, position),
        );
        // The message at `since` must be available as well, to show that nothing before it is needed.
        if (missed.length >= historySize) continue;
        const from = Math.max(
          sentAt(index, roomId, since)?.firstAt ?? 0,
          toldAt(client, event, since) - REPEATED_MS,
        );
        if (faults.some((fault) => tookSomething(fault, from, event.at))) continue;
        yield {
          what: `room ${roomId}: ${client.username} was not recovered from ${formatPosition(since)} to ${formatPosition(position)}, ${missed.length} messages`,
          facts: { member: client.username, event, missed: missed.length, historySize },
        };
      }
    }
  },
};

/** Returns the sending that became the message at this position, if known. */
function sentAt({ rooms, sendings }: HistoryIndex, roomId: number, at: Position): Sending | undefined {
  const place = formatPosition(at);
  const message = rooms.get(roomId)?.messages.find((message) => formatPosition(message) === place);
  return message && sendings.get(sendingOf(message));
}

/** Returns the time of the client's last join before this one that was answered with the position; 0 without one. */
function toldAt({ events }: ClientHistory, { roomId, at }: Joined, position: Position): number {
  const place = formatPosition(position);
  let [askedAt, toldAt] = [0, 0];
  for (const event of events) {
    if (event.at >= at) break;
    if (event.type === 'joining' && event.roomId === roomId) askedAt = event.at;
    else if (event.type === 'joined' && event.roomId === roomId) {
      if (event.position !== undefined && formatPosition(event.position) === place) toldAt = askedAt;
    }
  }
  return toldAt;
}

/** Whether a recent history that contained something of `from` may have lost it until `to`, as far as gateways can know. */
function tookSomething({ loss, kind, startedAt, endedAt }: Fault, from: number, to: number): boolean {
  // Without an API the losses of Redis are not known in the time that gateways wait for them.
  if (kind.startsWith('standalone-') || kind === 'api-kill') return startedAt < to && from < endedAt;
  return loss !== undefined && loss.at < to && from < loss.until;
}
