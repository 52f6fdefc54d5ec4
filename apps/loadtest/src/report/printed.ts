import Table from 'cli-table3';
import type { LoadResult } from '../result.js';
import { describeOutcome, type Outcome } from '../thresholds.js';
import { formatCount, formatMs } from './format.js';
import { costRows, costTotals, sectionsOf } from './sections.js';

/** Returns the whole result for a terminal. @param colour whether the terminal supports colours */
export function printedResult(result: LoadResult, outcomes: readonly Outcome[], colour: boolean): string {
  const paint = painter(colour);
  const parts = [mainTable(result, paint)];
  if (result.nodes.length > 1) parts.push(nodeTable(result, paint));
  if (result.costs.length > 0) parts.push(costTable(result, paint));
  for (const row of costTotals(result)) parts.push(`${row.label}: ${row.value}`);
  for (const example of result.verdict.examples) parts.push(paint.red(`! ${plain(example)}`));
  for (const bottleneck of result.tool.bottlenecks)
    parts.push(paint.yellow(`the tool: ${plain(bottleneck)}`));
  for (const outcome of outcomes) {
    const line = describeOutcome(outcome);
    parts.push(outcome.holds ? paint.green(line) : paint.red(line));
  }
  return `${parts.join('\n')}\n`;
}

type Painter = ReturnType<typeof painter>;

/** All sections in one table, so that their columns align. */
function mainTable(result: LoadResult, paint: Painter): string {
  const table = newTable([]);
  for (const [index, { title, rows }] of sectionsOf(result).entries()) {
    if (index > 0) table.push(['', '', '']);
    table.push([paint.bold(title), '', '']);
    for (const { label, value, note, good } of rows) {
      const shown = good === false ? paint.red(plain(value)) : plain(value);
      table.push([plain(label), shown, paint.dim(plain(note ?? ''))]);
    }
  }
  return table.toString();
}

function nodeTable({ nodes }: LoadResult, paint: Painter): string {
  const table = newTable([paint.bold('Node'), 'sockets', 'delivered', 'p50', 'p99', 'max', 'ack p99']);
  for (const { target, connections, delivered, deliveryMs, ackMs } of nodes) {
    const times = [deliveryMs?.p50, deliveryMs?.p99, deliveryMs?.max, ackMs?.p99].map(formatMs);
    table.push([plain(target), formatCount(connections), formatCount(delivered), ...times]);
  }
  return table.toString();
}

function costTable(result: LoadResult, paint: Painter): string {
  const table = newTable([paint.bold('Process'), 'CPU', 'a delivery', 'RSS before', 'connected', 'after']);
  for (const { name, cpu, perDelivery, before, connected, after } of costRows(result)) {
    table.push([plain(name), cpu, perDelivery, before, connected, after]);
  }
  return table.toString();
}

function newTable(head: string[]): Table.Table {
  return new Table({
    head,
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [], compact: true },
  });
}

/** Names come from servers: control characters must not move the cursor. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function painter(colour: boolean) {
  const paint = (code: number) => (text: string) =>
    colour && text ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}
