/** What in a message can have the focus. Only the controls of the message with the focus are stops of the Tab key. */
const CONTROLS = 'button, a, pre';
const MESSAGES = 'article';

/**
 * Handles keys in the log: Enter goes from the log to its last visible message, the arrow keys move between messages and the controls of
 * one, Enter opens the menu of a message, Escape leaves the log.
 */
export function onLogKey(event: KeyboardEvent, log: HTMLElement, leave: () => void): void {
  const { target, key } = event;
  if (!(target instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const article = target.closest<HTMLElement>(MESSAGES);
  if (article === null) {
    if (key === 'Enter' && target === log) {
      event.preventDefault();
      lastVisible(log)?.focus();
    }
    return;
  }
  if (key === 'Escape') leave();
  else if (key === 'Enter' && target === article) article.querySelector<HTMLElement>('.more')?.click();
  else {
    const next = nextOf(key, article, target, log);
    if (next === undefined) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  }
  event.preventDefault();
}

/** Makes the controls of the message with the focus stops of the Tab key, and no others. */
export function onLogFocus({ target, relatedTarget }: FocusEvent): void {
  const closest = (place: EventTarget | null): Element | null =>
    place instanceof Element ? place.closest(MESSAGES) : null;
  const [now, before] = [closest(target), closest(relatedTarget)];
  if (now === before) return;
  for (const [article, index] of [
    [before, -1],
    [now, 0],
  ] as const) {
    for (const control of article?.querySelectorAll<HTMLElement>('button[tabindex]') ?? [])
      control.tabIndex = index;
  }
}

function nextOf(
  key: string,
  article: HTMLElement,
  target: HTMLElement,
  log: HTMLElement,
): HTMLElement | undefined {
  const step = { ArrowUp: -1, ArrowDown: 1, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[
    key
  ];
  if (step !== undefined) {
    const all = [...log.querySelectorAll<HTMLElement>(MESSAGES)];
    return all[Math.min(Math.max(all.indexOf(article) + step, 0), all.length - 1)];
  }
  const side = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (side === undefined) return undefined;
  const controls = [article, ...article.querySelectorAll<HTMLElement>(CONTROLS)];
  return controls[(controls.indexOf(target) + side + controls.length) % controls.length];
}

function lastVisible(log: HTMLElement): HTMLElement | undefined {
  const end = log.getBoundingClientRect().bottom;
  return [...log.querySelectorAll<HTMLElement>(MESSAGES)].findLast(
    (article) => article.getBoundingClientRect().top < end - 8,
  );
}
