import type { Page } from 'playwright-core';

/** Runs in the page before anything of its own: notes when what is wanted is there and painted, and the long tasks. */
export function noteInteractive(usable: string): void {
  const noted = { painted: 0, busyUntil: 0 };
  Reflect.set(globalThis, 'noted', noted);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) noted.busyUntil = startTime + duration;
  }).observe({ type: 'longtask', buffered: true });
  const look = (): void => {
    if (document.querySelector(usable) === null) requestAnimationFrame(look);
    // What is painted with this frame has been when the next one begins.
    else {
      requestAnimationFrame((now) => {
        noted.painted = now;
      });
    }
  };
  look();
}

/**
 * From the beginning of the navigation until the page can be used, in milliseconds: what is wanted is painted, and no task of
 * more than 50 ms keeps the page from answering afterwards.
 */
export async function interactiveMs(page: Page): Promise<number> {
  await page.waitForFunction(() => (Reflect.get(globalThis, 'noted') as { painted: number }).painted > 0);
  // Long tasks that follow at once are those of the start, too.
  await page.waitForLoadState('networkidle');
  return page.evaluate(() => {
    const { painted, busyUntil } = Reflect.get(globalThis, 'noted') as { painted: number; busyUntil: number };
    return Math.max(painted, busyUntil);
  });
}
