import type { Locator, Page } from 'playwright-core';

/** More stops than any page has. */
const MOST_STOPS = 60;

/**
 * Presses Tab until the focus is on an element, as a user without a mouse does.
 * @throws {Error} it cannot be reached, or a stop on the way does not show that it has the focus
 */
export async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press(key);
    const focus = await focusOn(page);
    passed.push(focus.name);
    if (!focus.isVisible) throw new Error(`nothing shows that the focus is on ${focus.name}`);
    if (await hasFocus(target)) return;
  }
  throw new Error(`${key} does not lead there, only to ${passed.join(', ')}`);
}

export function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}

/** Returns the element with the focus, and whether it shows: by an outline that it otherwise lacks. */
export function focusOn(page: Page): Promise<{ name: string; isVisible: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement;
    // Then the focus is in the browser, outside of the page.
    if (!(element instanceof HTMLElement) || element === document.body)
      return { name: 'body', isVisible: true };
    const name = `${element.tagName.toLowerCase()} "${element.getAttribute('aria-label') ?? element.textContent}"`;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    const isVisible =
      outlineStyle !== 'none' &&
      Number.parseFloat(outlineWidth) >= 2 &&
      !/transparent|, 0\)$/.test(outlineColor) &&
      width > 0 &&
      height > 0;
    return { name, isVisible };
  });
}
