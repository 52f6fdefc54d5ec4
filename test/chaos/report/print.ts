import { BACKOFF } from '../clients/chaos-client.js';
import type { EventFigures } from '../figures/event-figures.js';
import type { Spread } from '../figures/spread.js';
import type { ChaosResult } from '../run-chaos.js';

/** Prints the faults, the figures, and every rule with its verdict. */
export function printResult(result: ChaosResult): void {
  const { options, faults, verdicts } = result;
  const { seed, clients, rooms, rate, seconds } = options;
  console.log(`\nseed ${seed}: ${clients} clients, ${rooms} rooms, ${rate} messages/s, ${seconds} s\n`);
  const [first] = faults;
  console.table(
    faults.map(({ kind, what, startedAt, endedAt }) => ({
      fault: kind,
      'from (s)': ((startedAt - (first?.startedAt ?? 0)) / 1_000).toFixed(1),
      'took (s)': ((endedAt - startedAt) / 1_000).toFixed(1),
      what,
    })),
  );
  console.table(figureRows(result));
  console.table(
    verdicts.map(({ rule, promise, violations }) => ({
      rule,
      promise,
      verdict: violations === 0 ? 'holds' : `${violations} violations`,
    })),
  );
  for (const { rule, violations, examples } of verdicts) {
    if (violations === 0) continue;
    console.log(`\n${rule}: ${violations} violations, the first of them:`);
    for (const { what, facts } of examples) console.log(`- ${what}\n  ${JSON.stringify(facts)}`);
  }
  const broken = verdicts.filter(({ violations }) => violations > 0).length;
  console.log(broken === 0 ? '\nEvery rule holds.' : `\n${broken} rules are broken (seed ${seed}).`);
}

/** Returns the figures with their units and names. */
export function figureRows({
  figures,
  lateness,
}: Pick<ChaosResult, 'figures' | 'lateness'>): Array<{ figure: string; value: string }> {
  const { messages, resumes } = figures;
  const rows: Record<string, string> = {
    'messages sent': `${messages.sent}, and ${messages.sentAgain} times again`,
    'acked / refused / unanswered': `${messages.acked} / ${messages.refused} / ${messages.unanswered}`,
    deliveries: `${figures.delivered}, and ${figures.paged} from the API`,
    'delivery latency, offline times included': inMs(figures.latency),
    reconnects: `${figures.reconnects}, at most ${figures.mostReconnectsOfOne} of one client and ${figures.mostReconnectsPerSecond} in a second`,
    'attempts refused': listed(figures.refusedConnections),
    'rooms resumed': `${resumes.recovered} recovered with ${resumes.missed} messages, ${resumes.notRecovered} not recovered`,
    'changes of rooms': listed(figures.roomChanges),
    ...figures.conversations,
    ...eventRows(figures.events),
    [`offline (full jitter, ${BACKOFF.baseMs} to ${BACKOFF.capMs} ms)`]: inMs(figures.offline),
    'replay of what was missed': inMs(figures.replay),
    'Redis back until a room is whole': inMs(figures.healing),
    'lost by Redis': `${figures.lost.messages} messages, ${figures.lost.acked} of them acked`,
    'new primary named until a room has an ack': inMs(figures.failover),
    'this process was late by': inMs(lateness),
  };
  return Object.entries(rows).map(([figure, value]) => ({ figure, value }));
}

function eventRows(events: EventFigures | undefined): Record<string, string> {
  if (events === undefined) return {};
  const { deliveries, refused, again } = events;
  return {
    'events in the log': `${events.events}`,
    'requests to the webhook': `${deliveries}, ${refused} of them failed and ${again} delivered an event again`,
    'from the commit to the reader of the log': inMs(events.toReader),
    'from the commit to the webhook': inMs(events.toWebhook),
  };
}

function listed(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .map(([reason, count]) => `${count}: ${reason}`)
      .join(', ') || 'none'
  );
}

function inMs({ count, p50, p99, max }: Spread): string {
  if (count === 0) return 'none';
  return `p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms, max ${Math.round(max)} ms (${count})`;
}
