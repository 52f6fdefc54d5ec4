/** Returns the element with that id. @throws if the page has none of that kind, which is a defect of the page */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`#${id} is not there`);
}

/**
 * Creates an element. Strings become text: names of users, rooms and nodes are never parsed as markup.
 * @param children strings become text
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Array<string | Node>
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Sets the text if it differs, so that selections stay and nothing is repainted needlessly. */
export function setText(target: Node, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Creates a button that is not part of a form. @param label for screen readers, if the text alone does not tell what it is about */
export function button(text: string, act: () => void, label?: string): HTMLButtonElement {
  const made = element(
    'button',
    label === undefined ? { type: 'button' } : { type: 'button', 'aria-label': label },
    text,
  );
  made.addEventListener('click', act);
  return made;
}
