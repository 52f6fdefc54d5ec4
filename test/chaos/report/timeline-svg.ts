import type { Timeline } from '../figures/timeline.js';
import { escapeMarkup } from './escape.js';

const WIDTH = 1_100;
const LEFT = 60;
const LATENCY = { top: 40, height: 260 };
const LANES = { top: 320, height: 15 };
const CONNECTS_HEIGHT = 90;
/** Latencies are drawn on a logarithmic scale between these, in milliseconds. */
const LOWEST_MS = 1;
const HIGHEST_MS = 30_000;

/** Delivery latency with the faults below it, and connects per second. */
export function timelineSvg({ moments, faults, stepMs }: Timeline): string {
  const totalMs = Math.max(1, moments.length * stepMs);
  const x = (ms: number): number => LEFT + (ms / totalMs) * (WIDTH - LEFT - 10);
  const y = (ms: number): number => {
    const clipped = Math.min(HIGHEST_MS, Math.max(LOWEST_MS, ms));
    const share = Math.log(clipped / LOWEST_MS) / Math.log(HIGHEST_MS / LOWEST_MS);
    return LATENCY.top + LATENCY.height * (1 - share);
  };
  const line = (name: 'p50' | 'p99'): string => {
    let path = '';
    let drawing = false;
    for (const moment of moments) {
      const value = moment[name];
      if (value === undefined) drawing = false;
      else {
        path += `${drawing ? 'L' : 'M'}${x(moment.atMs + stepMs / 2).toFixed(1)} ${y(value).toFixed(1)}`;
        drawing = true;
      }
    }
    return `<path class="${name}" d="${path}"/>`;
  };
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const lanesEnd = LANES.top + kinds.length * LANES.height;
  const connects = { top: lanesEnd + 40, height: CONNECTS_HEIGHT };
  const perSecond = moments.map(({ connects }) => (connects * 1_000) / stepMs);
  const mostConnects = Math.max(1, ...perSecond);
  const bottom = connects.top + connects.height;

  const grid = [1, 10, 100, 1_000, 10_000].map(
    (ms) =>
      `<path class="grid" d="M${LEFT} ${y(ms)}H${WIDTH - 10}"/><text x="${LEFT - 6}" y="${y(ms) + 4}" class="scale">${ms} ms</text>`,
  );
  const seconds = Array.from({ length: Math.floor(totalMs / 5_000) + 1 }, (_, index) => index * 5).map(
    (second) =>
      `<path class="grid" d="M${x(second * 1_000)} ${LATENCY.top}V${bottom}"/><text x="${x(second * 1_000)}" y="${bottom + 16}" class="time">${second} s</text>`,
  );
  const marks = faults.map(({ kind, what, startedAt, endedAt }) => {
    const [from, to] = [x(startedAt), Math.max(x(endedAt), x(startedAt) + 2)];
    const lane = LANES.top + kinds.indexOf(kind) * LANES.height;
    const box = (className: string, top: number, height: number): string =>
      `<rect class="${className} ${kind}" x="${from.toFixed(1)}" width="${(to - from).toFixed(1)}" y="${top}" height="${height}"><title>${escapeMarkup(`${kind}: ${what}`)}</title></rect>`;
    return box('shade', LATENCY.top, LATENCY.height) + box('fault', lane + 2, LANES.height - 4);
  });
  const names = kinds.map(
    (kind, index) =>
      `<text x="${LEFT + 4}" y="${LANES.top + index * LANES.height + 11}" class="lane">${kind}</text>`,
  );
  const bars = perSecond.map((count, index) => {
    const height = (count / mostConnects) * connects.height;
    const width = Math.max(1, x(stepMs) - x(0) - 0.5);
    return count === 0
      ? ''
      : `<rect class="connects" x="${x(index * stepMs).toFixed(1)}" y="${(bottom - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"><title>${count} connects/s</title></rect>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${bottom + 30}" role="img" aria-label="Timeline of the run">
<text x="${LEFT}" y="24" class="title">Delivery latency per ${stepMs} ms, from the first sending on (log scale): p50 and <tspan class="p99-name">p99</tspan></text>
${grid.join('\n')}
${seconds.join('\n')}
${marks.join('\n')}
${line('p50')}
${line('p99')}
${names.join('\n')}
<text x="${LEFT}" y="${connects.top - 8}" class="title">Connects per second (most: ${Math.round(mostConnects)})</text>
${bars.join('')}
</svg>`;
}
