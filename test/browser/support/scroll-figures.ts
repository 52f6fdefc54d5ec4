import type { Locator, Page } from 'playwright-core';

/** How smoothly a page scrolled. All times are milliseconds. */
export interface ScrollFigures {
  readonly frames: number;
  /** Time from one frame to the next. */
  readonly frameP50: number;
  readonly frameP95: number;
  readonly frameMax: number;
  /** Tasks that blocked the page for more than 50 ms. */
  readonly longTasks: readonly number[];
  /** Processor time of the page's main thread, which does not depend on other work of the machine. */
  readonly workMs: number;
}

const WHEEL_PIXELS = 400;

/** Turns the wheel up over an element until `there` is visible, and measures the frames. */
export async function scrollUpTo(page: Page, element: Locator, there: Locator): Promise<ScrollFigures> {
  const handle = await page.evaluateHandle(() => {
    const figures = { frames: [] as number[], longTasks: [] as number[], ended: false };
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) figures.longTasks.push(duration);
    });
    observer.observe({ type: 'longtask' });
    let before = performance.now();
    const frame = (now: number): void => {
      figures.frames.push(now - before);
      before = now;
      if (!figures.ended) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    return figures;
  });
  await element.hover();
  const work = await workOf(page);
  while (!(await there.isVisible()) || (await element.evaluate(({ scrollTop }) => scrollTop > 0))) {
    await page.mouse.wheel(0, -WHEEL_PIXELS);
  }
  const workMs = await work();
  const { frames, longTasks } = await handle.evaluate((figures) => {
    figures.ended = true;
    return figures;
  });
  // The first one includes the time before scrolling began.
  const sorted = frames.slice(1).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return {
    ...{ frames: sorted.length, frameP50: at(0.5), frameP95: at(0.95), frameMax: at(1) },
    ...{ longTasks, workMs },
  };
}

/** Returns a function that returns the processor time of the page's main thread since this call, in milliseconds. */
async function workOf(page: Page): Promise<() => Promise<number>> {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
  const sofar = async (): Promise<number> => {
    const { metrics } = await debug.send('Performance.getMetrics');
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
  const before = await sofar();
  return async () => (await sofar()) - before;
}
