/**
 * Moves the focus through elements of a list with the arrow keys, Home and End. From outside of the list, ArrowDown goes
 * to the first of them.
 */
export function moveFocus(event: KeyboardEvent, list: Element | null, selector: string): void {
  const items = [...(list?.querySelectorAll<HTMLElement>(selector) ?? [])];
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
  const next = nextOf(event.key, at, items.length);
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}

function nextOf(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
