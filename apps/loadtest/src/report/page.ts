import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { LoadResult } from '../result.js';
import { deliveredRate, describeOutcome, type Outcome } from '../thresholds.js';
import { formatCount, formatMicros, formatMs, formatRate } from './format.js';
import { joined, type Markup, markup, raw } from './markup.js';
import { costRows, costTotals, type Row, sectionsOf } from './sections.js';

/** Returns the whole result as one self-contained page: styles, the plotting library and the data are in it. */
export async function reportPage(
  result: LoadResult,
  outcomes: readonly Outcome[],
  name: string | undefined,
): Promise<string> {
  const [library, libraryStyle, script, style] = await Promise.all([
    readFile(plots('uPlot.iife.min.js'), 'utf8'),
    readFile(plots('uPlot.min.css'), 'utf8'),
    readFile(new URL('../../assets/report.js', import.meta.url), 'utf8'),
    readFile(new URL('../../assets/report.css', import.meta.url), 'utf8'),
  ]);
  const title = name === undefined ? 'Load test' : `Load test: ${name}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(libraryStyle)}${raw(style)}</style>
</head>
<body>
<main>
${headOf(result, outcomes, title)}
${tilesOf(result)}
${outcomes.length > 0 ? outcomesOf(outcomes) : ''}
${noticesOf(result)}
<section class="plots" id="plots"></section>
<div class="columns">${joined(sectionsOf(result).map(({ title, rows }) => card(title, rowsTable(rows))))}</div>
${result.nodes.length > 0 ? card('Nodes', nodeTable(result)) : ''}
${result.costs.length > 0 ? card('What the servers cost', costTable(result)) : ''}
<footer>Started at ${result.startedAt}. Latency counts from when a message was due, so that nothing that had to wait is
left out. “Delivered” counts deliveries after the warm-up. “Verdict” checks all of them, those of the warm-up as well.</footer>
</main>
<script type="application/json" id="data">${raw(embedded(plotData(result)))}</script>
<script>${raw(library)}</script>
<script>${raw(script)}</script>
</body>
</html>
`.toString();
}

function plots(file: string): string {
  return createRequire(import.meta.url).resolve(`uplot/dist/${file}`);
}

/** Within a script element only `<` could end it. */
function embedded(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

/** Returns the data of the plots. */
function plotData({ timeline, messages, scenario }: LoadResult) {
  return { timeline, buckets: messages.deliveryMs?.buckets ?? [], rate: scenario.rate };
}

function headOf({ verdict, scenario }: LoadResult, outcomes: readonly Outcome[], title: string): Markup {
  const { lost, duplicated, outOfOrder, orderDisagreements, strays } = verdict;
  const wrong = lost + duplicated + outOfOrder + orderDisagreements + strays;
  const broken = outcomes.filter(({ holds }) => !holds).length;
  const [kind, text] =
    broken > 0
      ? ['bad', `${broken} of ${outcomes.length} limits broken`]
      : wrong > 0
        ? ['warn', 'deliveries went wrong']
        : ['good', outcomes.length > 0 ? 'all limits hold' : 'nothing lost, repeated or reordered'];
  return markup`<header><h1>${title}</h1><span class="badge ${kind}">${text}</span>
<p>${formatCount(scenario.connections)} sockets (${scenario.protocol}) on ${scenario.targets.join(', ')}</p></header>`;
}

function tilesOf(result: LoadResult): Markup {
  const { messages, verdict, connects, cpuMicrosPerDelivery } = result;
  const tile = (label: string, value: string, good?: boolean): Markup =>
    markup`<div class="tile${good === false ? ' bad' : ''}"><b>${value}</b><span>${label}</span></div>`;
  return markup`<section class="tiles">
${tile('delivered', formatRate(deliveredRate(result)))}
${tile('delivery p50', formatMs(messages.deliveryMs?.p50))}
${tile('delivery p99', formatMs(messages.deliveryMs?.p99))}
${tile('lost', formatCount(verdict.lost), verdict.lost === 0)}
${tile('connects failed', formatCount(connects.failed), connects.failed === 0)}
${cpuMicrosPerDelivery === undefined ? '' : tile('CPU per delivery', formatMicros(cpuMicrosPerDelivery))}
</section>`;
}

function outcomesOf(outcomes: readonly Outcome[]): Markup {
  const items = outcomes.map(
    (outcome) => markup`<li class="${outcome.holds ? 'good' : 'bad'}">${describeOutcome(outcome)}</li>`,
  );
  return card('Limits', markup`<ul class="outcomes">${joined(items)}</ul>`);
}

function noticesOf({ tool, verdict }: LoadResult): Markup {
  const bottlenecks = tool.bottlenecks.map((text) => markup`<li>${text}</li>`);
  const examples = verdict.examples.map((text) => markup`<li>${text}</li>`);
  return joined([
    bottlenecks.length > 0
      ? markup`<section class="notice warn"><h2>The tool was a bottleneck</h2><ul>${joined(bottlenecks)}</ul></section>`
      : '',
    examples.length > 0
      ? markup`<section class="notice bad"><h2>What went wrong, first</h2><ul>${joined(examples)}</ul></section>`
      : '',
  ]);
}

function card(title: string, content: Markup): Markup {
  return markup`<section class="card"><h2>${title}</h2>${content}</section>`;
}

function rowsTable(rows: readonly Row[]): Markup {
  const lines = rows.map(
    ({ label, value, note, good }) =>
      markup`<tr${good === false ? raw(' class="bad"') : ''}><th>${label}</th><td>${value}${note ? markup`<small>${note}</small>` : ''}</td></tr>`,
  );
  return markup`<table class="rows">${joined(lines)}</table>`;
}

function nodeTable({ nodes }: LoadResult): Markup {
  const lines = nodes.map(({ target, connections, delivered, deliveryMs, ackMs }) =>
    cells([
      target,
      formatCount(connections),
      formatCount(delivered),
      ...[deliveryMs?.p50, deliveryMs?.p99, deliveryMs?.max, ackMs?.p99].map(formatMs),
    ]),
  );
  return grid(['node', 'sockets', 'delivered', 'p50', 'p99', 'max', 'ack p99'], lines);
}

function costTable(result: LoadResult): Markup {
  const lines = costRows(result).map((row) =>
    cells([row.name, row.cpu, row.perDelivery, row.before, row.connected, row.after]),
  );
  const totals = costTotals(result).map(({ label, value }) => markup`<p>${label}: <b>${value}</b></p>`);
  const head = ['process', 'CPU', 'a delivery', 'memory before', 'connected', 'after'];
  return joined([grid(head, lines), ...totals]);
}

function grid(head: readonly string[], lines: readonly Markup[]): Markup {
  const heads = head.map((text) => markup`<th>${text}</th>`);
  return markup`<div class="scroll"><table class="grid"><thead><tr>${joined(heads)}</tr></thead><tbody>${joined(lines)}</tbody></table></div>`;
}

function cells(texts: readonly string[]): Markup {
  return markup`<tr>${joined(texts.map((text) => markup`<td>${text}</td>`))}</tr>`;
}
