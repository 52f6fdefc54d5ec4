import type { Locator } from 'playwright-core';

/** Records every text that an element shows from now on, however short. Returns a function that returns them in order. */
export async function watchText(locator: Locator): Promise<() => Promise<readonly string[]>> {
  const handle = await locator.evaluateHandle((element) => {
    const texts: string[] = [];
    const note = (): void => {
      const text = element.textContent ?? '';
      if (text !== texts.at(-1)) texts.push(text);
    };
    note();
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  return () => handle.evaluate((texts) => texts);
}
