import type { Latency, LoadResult } from '@chorus/loadtest';
import type { Performance, SceneEvent, Spread } from '../rehearsals/perform.js';
import type { RolloutOutcome } from '../rehearsals/rollout.js';
import type { ScaleOutcome } from '../rehearsals/scale.js';
import { type Check, count, mostReconnects, peakReconnects } from './checks.js';
import { LEVEL, levelSeconds, ratio } from './level.js';

const BAR = 40;
/** Interval of the rows of a scale-out, which takes minutes, in seconds. */
const SPREAD_EVERY = 5;

export function rolloutReport(outcome: RolloutOutcome, checks: readonly Check[]): string {
  const { result, options, balancer, pace, stopped, events } = outcome;
  const how = options.oneByOne
    ? 'one by one'
    : options.staggerMs > 0
      ? `${options.staggerMs / 1_000} s apart`
      : 'together';
  return lines(
    `Rollout of ${options.gateways} gateways, ${how}, behind ${balancer}: ${loadLine(result)}`,
    startLine(outcome.readyMs),
    `  ends took ${list(stopped.map(({ tookMs }) => seconds(tookMs)))}; they held ${list(stopped.map(({ connections }) => count(connections)))}`,
    ...clientLines(result),
    '',
    `  reconnects a second: at most ${count(peakReconnects(result))}, the pace is ${count(pace)}`,
    ...reconnectSeries(result, events, pace),
    '',
    ...checkLines(checks, result),
  );
}

export function scaleReport(outcome: ScaleOutcome, checks: readonly Check[]): string {
  const { result, options, balancer, stopped, events, spreads } = outcome;
  const { from, to, sharePerMinute } = options;
  return lines(
    `Scale ${from} → ${to} → ${from} behind ${balancer}: ${loadLine(result)}`,
    `  rebalancing gives up ${count(sharePerMinute * 100)} % a minute: level within ${count(levelSeconds(options))} s, and that is a ratio of ${LEVEL}`,
    startLine(outcome.readyMs),
    `  ends took ${list(stopped.map(({ tookMs }) => seconds(tookMs)))}`,
    ...clientLines(result),
    '',
    '  connections of each gateway, and the fullest in the emptiest',
    ...spreadSeries(spreads, events, from),
    '',
    ...checkLines(checks, result),
  );
}

function loadLine({ scenario, messages }: LoadResult): string {
  const { connections, rate, membersPerRoom } = scenario;
  return `${count(connections)} connections, ${count(rate)} messages a second in rooms of ${membersPerRoom}, ${count(messages.delivered / messages.seconds)} deliveries a second`;
}

function startLine(readyMs: readonly number[]): string {
  return `  new gateways were ready after ${list(readyMs.map(seconds))}`;
}

/** What clients noticed. */
function clientLines(result: LoadResult): string[] {
  const { resumes, messages, closes, connects } = result;
  const often = resumes.perConnection.flatMap((clients, times) =>
    clients === 0 ? [] : [`${count(clients)} clients ${times}×`],
  );
  return [
    `  reconnects: ${list(often)}; at most ${mostReconnects(result)} of one client`,
    `  from the end of a socket until caught up: ${latency(resumes.ms)}`,
    `  of that, replay on the new socket:        ${latency(resumes.replayMs)}`,
    `  delivery over the whole run:              ${latency(messages.deliveryMs)}`,
    `  sockets ended with ${list(Object.entries(closes).map(([code, times]) => `${code}: ${count(times)}`)) || 'nothing'}`,
    ...Object.entries(connects.failures).map(
      ([why, times]) => `  connects refused: ${count(times)} × ${why}`,
    ),
  ];
}

function reconnectSeries(result: LoadResult, events: readonly SceneEvent[], pace: number): string[] {
  const { timeline } = result;
  const busy = timeline.filter(({ reconnects }) => reconnects > 0).map(({ at }) => at);
  const from = Math.min(events[0]?.at ?? 0, busy[0] ?? 0);
  const most = Math.max(pace, peakReconnects(result));
  return timeline
    .filter(({ at }) => at >= from && at <= (busy.at(-1) ?? 0) + 1)
    .map(({ at, reconnects, connected }) => {
      const bar = '█'.repeat(Math.round((reconnects / most) * BAR));
      const row = `  ${String(at).padStart(5)} s ${count(reconnects).padStart(7)} ${bar.padEnd(BAR)} ${count(connected)} in`;
      return `${row}${eventsIn(events, at - 1, at)}`;
    });
}

function spreadSeries(spreads: readonly Spread[], events: readonly SceneEvent[], from: number): string[] {
  const first = events[0]?.at ?? 0;
  let last = Number.NEGATIVE_INFINITY;
  return spreads
    .filter(({ at }) => at > first - SPREAD_EVERY)
    .flatMap((spread, index, all) => {
      const happened = eventsIn(events, last, spread.at);
      if (index < all.length - 1 && spread.at - last < SPREAD_EVERY && happened === '') return [];
      last = spread.at;
      const counts = Object.values(spread.connections).map((one) => count(one).padStart(7));
      const unevenness = ratio(spread, from);
      const times = unevenness < 1_000 ? unevenness.toFixed(2) : '∞';
      return [`  ${spread.at.toFixed(0).padStart(5)} s ${counts.join(' ')}   ${times}${happened}`];
    });
}

function eventsIn(events: readonly SceneEvent[], after: number, upTo: number): string {
  const happened = events.filter(({ at }) => at > after && at <= upTo);
  return happened.length === 0 ? '' : `  ← ${happened.map(({ what }) => what).join(', ')}`;
}

function checkLines(checks: readonly Check[], { tool, verdict }: LoadResult): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    ...checks.map((check) => checkLine(check, width)),
    ...verdict.examples.map((example) => `! ${example}`),
    ...tool.bottlenecks.map((bottleneck) => `the tool: ${bottleneck}`),
  ];
}

/** Returns a target with its verdict. @param width of the names, in characters */
export function checkLine({ name, wanted, seen, holds }: Check, width: number): string {
  return `${holds ? 'holds ' : 'BROKEN'}  ${name.padEnd(width)}  ${seen} (${wanted})`;
}

export function latency(times: Latency | undefined): string {
  if (times === undefined) return '–';
  const { p50, p99, max } = times;
  return `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}, at most ${milliseconds(max)}`;
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? seconds(ms) : `${count(ms)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function list(parts: readonly string[]): string {
  return parts.join(', ');
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** Returns the outcome of a rehearsal as JSON, for a file. */
export function jsonReport(outcome: Performance, checks: readonly Check[]): string {
  return `${JSON.stringify({ ...outcome, checks }, null, 1)}\n`;
}
