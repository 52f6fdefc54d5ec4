import type { MeasurementSummary, SystemSummary } from './summary.js';
import { digits } from './table.js';

/* Bars, one panel per measurement: the compared figure of every system. One self-contained SVG. */

const WIDTH = 860;
const LABELS = 290;
const VALUES = 130;
const BAR = 18;
const GAP = 6;
const HEADING = 44;
const PANEL_GAP = 18;
const MARGIN = 20;
/** By the beginning of a system's name. */
const COLOURS: ReadonlyArray<readonly [prefix: string, colour: string]> = [
  ['floor', '#8a8f98'],
  ['chorus', '#2f6fde'],
  ['ws', '#c98a1b'],
  ['socket.io', '#b4493f'],
];

export function renderChart(summaries: readonly MeasurementSummary[], subtitle: readonly string[]): string {
  const panels: string[] = [];
  let top = MARGIN + 14 + subtitle.length * 20;
  for (const summary of summaries) {
    panels.push(renderPanel(summary, top));
    top += panelHeight(summary) + PANEL_GAP;
  }
  const height = top + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13">`,
    '<title>The same work on Chorus and its peers</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...subtitle.map(
      (line, index) =>
        `<text x="${MARGIN}" y="${MARGIN + 12 + index * 20}" font-size="11" fill="#444b55">${escapeXml(line)}</text>`,
    ),
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panelHeight({ systems }: MeasurementSummary): number {
  return HEADING + systems.length * (BAR + GAP);
}

function renderPanel(summary: MeasurementSummary, top: number): string {
  const values = summary.systems.map(({ figures }) => figures[summary.compares] ?? 0);
  const longest = Math.max(...values, Number.MIN_VALUE);
  const room = WIDTH - LABELS - VALUES - 2 * MARGIN;
  const bars = summary.systems.map((system, index) => {
    const value = system.figures[summary.compares];
    return renderBar(system, value, ((value ?? 0) / longest) * room, top + HEADING + index * (BAR + GAP));
  });
  const better = summary.moreIsBetter ? 'more is better' : 'less is better';
  return [
    `<text x="${MARGIN}" y="${top + 16}" font-weight="600" fill="#1b1f24">${escapeXml(summary.title)}</text>`,
    `<text x="${MARGIN}" y="${top + 34}" fill="#6a717b">${escapeXml(summary.compares)}, ${better}</text>`,
    ...bars,
  ].join('\n');
}

function renderBar(system: SystemSummary, value: number | undefined, length: number, y: number): string {
  const baseline = y + BAR - 5;
  const colour = COLOURS.find(([prefix]) => system.system.startsWith(prefix))?.[1] ?? '#555b64';
  const note = system.marks.length > 0 ? ' *' : '';
  return [
    `<text x="${MARGIN}" y="${baseline}" fill="#1b1f24">${escapeXml(shorten(system.title))}</text>`,
    `<rect x="${MARGIN + LABELS}" y="${y}" width="${Math.max(length, 1).toFixed(1)}" height="${BAR}" rx="2" fill="${colour}"/>`,
    `<text x="${(MARGIN + LABELS + length + 8).toFixed(1)}" y="${baseline}" fill="#1b1f24">${digits(value)}${note}</text>`,
  ].join('\n');
}

function shorten(title: string): string {
  return title.length > 41 ? `${title.slice(0, 40)}…` : title;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
