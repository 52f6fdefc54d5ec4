import type { ChaosResult } from '../run-chaos.js';
import { escapeMarkup } from './escape.js';
import { figureRows } from './print.js';
import { timelineSvg } from './timeline-svg.js';

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1140px; padding: 0 1rem; color: #1c2330; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #dfe3ea; vertical-align: top; }
td:first-child { white-space: nowrap; font-weight: 600; }
.holds { color: #14713a; font-weight: 600; } .broken { color: #b3202c; font-weight: 600; }
pre { background: #f4f6f9; padding: .6rem; overflow-x: auto; font-size: 12px; white-space: pre-wrap; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; }
.grid { stroke: #e6e9ef; fill: none; } .scale { text-anchor: end; fill: #667; } .time { text-anchor: middle; fill: #667; }
.title { font-size: 13px; fill: #1c2330; } .lane { fill: #1c2330; font-size: 10px; }
.p50 { stroke: #2667c9; fill: none; stroke-width: 1.5; } .p99 { stroke: #d2691e; fill: none; stroke-width: 1.5; } .p99-name { fill: #d2691e; }
.shade { fill: #b3202c; opacity: .07; } .fault { fill: #b3202c; opacity: .55; } .connects { fill: #5b7f95; }
.stalled-readers, .vanished-clients, .long-absences { fill: #7a5bb5; } .shade.stalled-readers, .shade.vanished-clients, .shade.long-absences { opacity: 0; }
`;

/** Returns the whole result as one self-contained HTML page. */
export function reportPage(result: ChaosResult): string {
  const { options, about, faults, verdicts, timeline } = result;
  const { seed, clients, rooms, rate, seconds } = options;
  const broken = verdicts.filter(({ violations }) => violations > 0);
  const cells = (...texts: string[]): string =>
    `<tr>${texts.map((text) => `<td>${text}</td>`).join('')}</tr>`;
  const examples = broken.flatMap(({ rule, examples }) =>
    examples.map(
      ({ what, facts }) =>
        `<h3>${escapeMarkup(`${rule}: ${what}`)}</h3><pre>${escapeMarkup(JSON.stringify(facts, null, 1))}</pre>`,
    ),
  );
  const [first] = faults;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Chorus chaos, seed ${seed}</title>
<style>${STYLE}</style>
<h1>Chaos with seed ${seed}: <span class="${broken.length === 0 ? 'holds' : 'broken'}">${
    broken.length === 0 ? 'every rule holds' : `${broken.length} rules are broken`
  }</span></h1>
<p>${clients} clients in ${rooms} rooms, ${rate} messages a second, ${seconds} seconds; ${escapeMarkup(about)}.</p>
${timelineSvg(timeline)}
<h2>Rules</h2>
<table>${verdicts
    .map(({ rule, promise, violations }) =>
      cells(
        escapeMarkup(rule),
        escapeMarkup(promise),
        violations === 0
          ? '<span class="holds">holds</span>'
          : `<span class="broken">${violations} violations</span>`,
      ),
    )
    .join('\n')}</table>
${examples.join('\n')}
<h2>Figures</h2>
<table>${figureRows(result)
    .map(({ figure, value }) => cells(escapeMarkup(figure), escapeMarkup(value)))
    .join('\n')}</table>
<h2>Faults</h2>
<table>${faults
    .map(({ kind, what, startedAt, endedAt }) =>
      cells(
        kind,
        `at ${((startedAt - (first?.startedAt ?? 0)) / 1_000).toFixed(1)} s for ${((endedAt - startedAt) / 1_000).toFixed(1)} s`,
        escapeMarkup(what),
      ),
    )
    .join('\n')}</table>
</html>
`;
}
