import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, Result, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of the Web Content Accessibility Guidelines, levels A and AA, and axe-core's best practices. */
const OPTIONS: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};

/** Returns the serious and critical violations that axe-core finds on a page in its current state, with the elements. */
export async function seriousViolations(page: Page): Promise<string[]> {
  const found = await violations(page);
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(lineOf);
}

/** Returns all violations that axe-core finds on a page in its current state, with the elements. */
export async function allViolations(page: Page): Promise<string[]> {
  return (await violations(page)).map(lineOf);
}

async function violations(page: Page): Promise<Result[]> {
  // The policy of the page would block a script element; the debugger bypasses it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const results = await page.evaluate(
    (options) =>
      (Reflect.get(globalThis, 'axe') as { run(options: unknown): Promise<AxeResults> }).run(options),
    OPTIONS,
  );
  return results.violations;
}

function lineOf({ id, help, nodes }: Result): string {
  return `${id}: ${help} (${nodes.map(({ html }) => html).join(' ')})`;
}
