import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { screenshot } from './screenshot.js';
import { seriousViolations } from './violations.js';

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** The combinations of colours and sizes in which users see pages. */
const LOOKS = [
  { name: 'desktop', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark' },
] as const;

/**
 * Takes a screenshot of a page in every look, and expects no serious accessibility violation and nothing wider than the screen.
 * @param prepare called in each look before that
 */
export async function checkEveryLook(
  page: Page,
  name: string,
  prepare: () => Promise<void> = async () => {},
): Promise<void> {
  for (const look of LOOKS) {
    await page.setViewportSize(look.viewport);
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await prepare();
    await screenshot(page, `${name}-${look.name}`);
    expect(await seriousViolations(page), `${name}, ${look.name}`).to.deep.equal([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide, `${name}, ${look.name}: pixels to the side`).to.be.at.most(0);
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: 'light' });
}
