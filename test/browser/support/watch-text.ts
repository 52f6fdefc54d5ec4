import type { Locator } from 'playwright-core';

/** The texts that an element showed and their times, in milliseconds of the page's own clock. */
export interface TextHistory {
  readonly texts: ReadonlyArray<{ readonly text: string; readonly at: number }>;
  /** How long it showed any other text, in milliseconds. */
  withoutMs(text: string): number;
}

/** Records every text that an element shows from now on, however short. */
export async function watchText(locator: Locator): Promise<() => Promise<TextHistory>> {
  const handle = await locator.evaluateHandle((element) => {
    const texts: Array<{ text: string; at: number }> = [];
    const note = (): void => {
      const text = element.textContent ?? '';
      if (text !== texts.at(-1)?.text) texts.push({ text, at: performance.now() });
    };
    note();
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  return async () => {
    const { texts, now } = await handle.evaluate((texts) => ({ texts, now: performance.now() }));
    const withoutMs = (wanted: string): number =>
      texts.reduce((sum, { text, at }, index) => {
        const until = texts[index + 1]?.at ?? now;
        return text === wanted ? sum : sum + until - at;
      }, 0);
    return { texts, withoutMs };
  };
}
