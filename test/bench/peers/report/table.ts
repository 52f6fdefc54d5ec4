import type { MeasurementSummary } from './summary.js';

/** Returns one measurement as a table of Markdown, with remarks on single figures below. */
export function renderTable(summary: MeasurementSummary): string {
  const names = [...new Set(summary.systems.flatMap(({ figures }) => Object.keys(figures)))];
  const bases = [...new Set(summary.systems.flatMap(({ ratios }) => Object.keys(ratios)))];
  const header = ['', ...names, ...bases.map((base) => `× ${base}`)];
  const rows = summary.systems.map(({ title, figures, ratios, marks }) => [
    title + (marks.length > 0 ? ' \\*' : ''),
    ...names.map((name) => digits(figures[name])),
    ...bases.map((base) => ratios[base]?.toFixed(2) ?? '–'),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const notes = summary.systems.flatMap(({ title, marks }) => marks.map((mark) => `\\* ${title}: ${mark}`));
  return [
    `### ${summary.title}`,
    '',
    line(header),
    rule,
    ...rows.map(line),
    '',
    ...notes.flatMap((note) => [note, '']),
  ].join('\n');
}

/** Returns three significant digits, or all before the decimal point. */
export function digits(value: number | undefined): string {
  if (value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}
