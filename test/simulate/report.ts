import type { Measurement } from './simulate-nodes.js';

const COLUMNS: ReadonlyArray<readonly [title: string, of: (measurement: Measurement) => string]> = [
  ['phase', ({ phase }) => phase],
  ['nodes', ({ nodes }) => String(nodes)],
  ['Redis ms/s', ({ redisMs }) => redisMs.toFixed(1)],
  ['commands/s', ({ commands }) => commands.toFixed(0)],
  ['commands/s and node', ({ commands, nodes }) => (commands / nodes).toFixed(1)],
  ['Redis sends kB/s', ({ sentKb }) => sentKb.toFixed(0)],
  ['kB/s and node', ({ sentKb, nodes }) => (sentKb / nodes).toFixed(1)],
  ['node ms/s', ({ nodeMs }) => nodeMs.toFixed(2)],
  ['moved', ({ moved }) => String(moved)],
];

/** The measurements as a table, by phase and number of gateways. What grows per node, too, is more than linear. */
export function nodesReport(measurements: readonly Measurement[]): string {
  const phases = [...new Set(measurements.map(({ phase }) => phase))];
  const ordered = phases.flatMap((phase) => measurements.filter((each) => each.phase === phase));
  const rows = [COLUMNS.map(([title]) => title), ...ordered.map((each) => COLUMNS.map(([, of]) => of(each)))];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const table = rows.map((row) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  '));
  const idle = measurements.filter(({ phase }) => phase === 'idle').at(-1);
  const calls = Object.entries(idle?.calls ?? {}).map(([name, count]) => `${name} ${count.toFixed(1)}`);
  return `${table.join('\n')}\n\nidle, ${idle?.nodes} nodes, calls per second: ${calls.join(', ')}\n`;
}
