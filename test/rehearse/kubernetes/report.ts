import { writeFile } from 'node:fs/promises';
import { joined, type Markup, markup } from '@chorus/loadtest';
import type { Check } from '../report/checks.js';
import { checkLine } from '../report/report.js';
import type { KubernetesOptions } from './options.js';

/** A part of the rehearsal, with its targets. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
  /** Figures without a target. */
  readonly notes?: readonly string[];
}

export function allHold(sections: readonly Section[]): boolean {
  return sections.every(({ checks }) => checks.every(({ holds }) => holds));
}

/** Returns a table of all targets. */
export function printReport(sections: readonly Section[]): string {
  const width = Math.max(...sections.flatMap(({ checks }) => checks.map(({ name }) => name.length)));
  return sections
    .flatMap(({ title, checks, notes = [] }) => [
      '',
      title,
      ...checks.map((check) => checkLine(check, width)),
      ...notes.map((note) => `        ${note}`),
      '',
    ])
    .join('\n');
}

/** Writes the files that the options name. */
export async function writeReports(
  sections: readonly Section[],
  { json, html }: KubernetesOptions,
): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ sections }, null, 1)}\n`);
  if (html !== undefined) await writeFile(html, reportPage(sections));
}

/** Returns the result as a self-contained page. */
export function reportPage(sections: readonly Section[]): string {
  const verdict = allHold(sections) ? 'all targets reached' : 'targets missed';
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Rehearsal on Kubernetes: ${verdict}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8885; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
.bad { color: #d33; font-weight: 600; }
</style>
</head>
<body>
<h1>Rehearsal on Kubernetes: ${verdict}</h1>
${joined(sections.map(sectionOf))}
</body>
</html>
`.toString();
}

function sectionOf({ title, checks, notes = [] }: Section): Markup {
  const rows = checks.map(
    ({ name, wanted, seen, holds }) =>
      markup`<tr class="${holds ? 'good' : 'bad'}"><td>${holds ? '✓' : '✗'} ${name}</td><td>${seen}</td><td>${wanted}</td></tr>`,
  );
  return markup`<section>
<h2>${title}</h2>
<table><thead><tr><th>Target</th><th>Seen</th><th>Wanted</th></tr></thead><tbody>${joined(rows)}</tbody></table>
${notes.length > 0 ? markup`<ul>${joined(notes.map((note) => markup`<li>${note}</li>`))}</ul>` : ''}
</section>`;
}
