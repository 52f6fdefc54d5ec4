import { byId } from './dom.js';
import type { PageSection } from './session.js';

/** Shows one section at a time: the one that the address names after `#/`, otherwise the first one. */
export class Sections {
  readonly #links = [...byId('sections', HTMLElement).querySelectorAll('a')];

  /** @param sections those that load something when they are shown, by the id of their element */
  constructor(private readonly sections: ReadonlyMap<string, PageSection>) {
    addEventListener('hashchange', () => this.show());
  }

  show(): void {
    const ids = this.#links.map((link) => link.hash.slice(2));
    const current = ids.find((id) => `#/${id}` === location.hash) ?? ids[0];
    for (const [at, link] of this.#links.entries()) {
      const id = ids[at];
      if (id === undefined) continue;
      if (id === current) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
      byId(`${id}-section`, HTMLElement).hidden = id !== current;
    }
    if (current !== undefined) this.sections.get(current)?.open();
  }
}
