/**
 * Moves the focus through elements of a list with the arrow keys, Home and End. From outside of the list, ArrowDown goes
 * to the first of them. With `sideways`, ArrowLeft and ArrowRight do the same.
 */
export function moveFocus(
  event: KeyboardEvent,
  list: Element | null,
  selector: string,
  sideways = false,
): void {
  const items = [...(list?.querySelectorAll<HTMLElement>(selector) ?? [])];
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
  const key = (sideways && SIDEWAYS[event.key]) || event.key;
  const next = nextOf(key, at, items.length);
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}

const SIDEWAYS: Readonly<Record<string, string>> = { ArrowLeft: 'ArrowUp', ArrowRight: 'ArrowDown' };

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
