import type { Page } from 'playwright-core';

/** Runs in the page before its own scripts: notes when the wanted element is painted, and the long tasks. */
export function noteInteractive(usable: string): void {
  const noted = { painted: 0, busyUntil: 0 };
  Reflect.set(globalThis, 'noted', noted);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) noted.busyUntil = startTime + duration;
  }).observe({ type: 'longtask', buffered: true });
  const look = (): void => {
    if (document.querySelector(usable) === null) requestAnimationFrame(look);
    // What this frame paints is visible when the next one begins.
    else {
      requestAnimationFrame((now) => {
        noted.painted = now;
      });
    }
  };
  look();
}

/**
 * Returns the time from the start of the navigation until the page can be used, in milliseconds: the wanted element
 * is painted, and no task of more than 50 ms blocks the page afterwards.
 */
export async function interactiveMs(page: Page): Promise<number> {
  await page.waitForFunction(() => (Reflect.get(globalThis, 'noted') as { painted: number }).painted > 0);
  // Long tasks that follow immediately belong to the start.
  await page.waitForLoadState('networkidle');
  return page.evaluate(() => {
    const { painted, busyUntil } = Reflect.get(globalThis, 'noted') as { painted: number; busyUntil: number };
    return Math.max(painted, busyUntil);
  });
}
