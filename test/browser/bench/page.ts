import type { Browser, BrowserContext, Page } from 'playwright-core';
import { benchCommand } from '../../bench/bench-command.js';
import { createPerson } from '../../support/clients/people.js';
import { startTestStandalone } from '../../support/servers/standalone.js';
import { filledRoom } from '../support/fill-room.js';
import { launchChromium } from '../support/launch-chromium.js';
import { scrollUpTo } from '../support/scroll-figures.js';
import { interactiveMs, noteInteractive } from './interactive.js';

/*
 * `pnpm bench:page`: time until the page can be used, on standalone, and how smoothly a room with 1,000 messages scrolls.
 * Exits with status 1 when a target is missed.
 */

const ROUNDS = 7;
const MESSAGES = 1_000;
const TARGET_MS = 1_000;
const TARGET_BYTES = 60 * 1024;

async function bench(browser: Browser, url: string): Promise<boolean> {
  const table: Array<Record<string, string | number>> = [];
  const measured = async (what: string, times: number[]): Promise<boolean> => {
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1] ?? Number.NaN;
    table.push({
      'until it can be used': what,
      'median ms': Math.round(median),
      'worst ms': Math.round(times.at(-1) ?? 0),
    });
    return median <= TARGET_MS;
  };

  const first: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const context = await newContext(browser, 'input[type=password]');
    const page = await context.newPage();
    bytes = await scriptBytes(page, () => page.goto(url));
    first.push(await interactiveMs(page));
    await context.close();
  }
  const verdicts = [await measured('signing in, nothing in the cache', first)];

  const texts = Array.from(
    { length: MESSAGES },
    (_, index) => `line ${index + 1}${' and so on'.repeat(index % 12)}`,
  );
  const room = await filledRoom(url, texts);
  const person = await createPerson(url, 'reader');
  const context = await newContext(browser, 'article + article');
  const page = await context.newPage();
  await page.goto(`${url}/#/rooms/${room.id}`);
  await page.getByRole('textbox', { name: 'E-mail' }).fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const newest = page.getByText(texts.at(-1) ?? '', { exact: true });
  await newest.waitFor();
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.reload();
    again.push(await interactiveMs(page));
    await newest.waitFor();
  }
  verdicts.push(await measured(`a room with ${MESSAGES} messages, loaded again`, again));
  console.table(table);

  const log = page.getByRole('log', { name: 'Messages' });
  const figures = await scrollUpTo(page, log, page.getByText('This is where it begins.'));
  await context.close();
  const ms = (value: number): number => Math.round(value * 10) / 10;
  console.table([
    {
      [`scrolling up ${MESSAGES} messages`]: `${figures.frames} frames`,
      'median ms': ms(figures.frameP50),
      'p95 ms': ms(figures.frameP95),
      'worst ms': ms(figures.frameMax),
      'µs of work a message': Math.round((figures.workMs / MESSAGES) * 1_000),
      'tasks over 50 ms': figures.longTasks.length,
      'longest ms': Math.max(0, ...figures.longTasks),
    },
  ]);
  console.log(`JavaScript, as sent with gzip: ${bytes} bytes of at most ${TARGET_BYTES}`);
  verdicts.push(bytes > 0 && bytes <= TARGET_BYTES);
  return verdicts.every(Boolean);
}

/** A browser context without earlier visits. */
async function newContext(browser: Browser, usable: string): Promise<BrowserContext> {
  // Other ways to compress are not asked for, so that the bytes are those of gzip.
  const context = await browser.newContext({
    locale: 'en-GB',
    extraHTTPHeaders: { 'accept-encoding': 'gzip' },
  });
  await context.addInitScript('globalThis.__name = (it) => it');
  await context.addInitScript(noteInteractive, usable);
  return context;
}

/** What comes as scripts while something is done, in bytes as they were sent. */
async function scriptBytes(page: Page, action: () => Promise<unknown>): Promise<number> {
  const sizes: Array<Promise<number>> = [];
  page.on('requestfinished', (request) => {
    if (request.resourceType() !== 'script') return;
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await action();
  await page.waitForLoadState('networkidle');
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

benchCommand(
  'bench:page',
  'Measures how fast the chat page becomes usable and how smoothly it scrolls, and fails if a target is missed.',
).parse();

const standalone = await startTestStandalone({ MAX_MESSAGES_PER_SECOND: '100000' });
const browser = await launchChromium();
try {
  if (!(await bench(browser, standalone.url))) {
    console.error('A target was missed.');
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await standalone.close();
}
