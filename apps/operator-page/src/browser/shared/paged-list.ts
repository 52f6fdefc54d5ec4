import { button, element, setText } from './dom.js';
import { OperatorError } from './operator-client.js';
import { cardTable } from './table.js';

export interface PagedListParts<T> {
  /** What the entries are, in the plural: "API keys". */
  readonly name: string;
  /** See `cardTable`. */
  readonly columns: readonly string[];
  /** Text without any entries. */
  readonly empty: string;
  load(cursor: string | undefined): Promise<{ readonly items: readonly T[]; readonly next: string | null }>;
  row(item: T): HTMLTableRowElement;
}

/** A table that is loaded page by page. */
export class PagedList<T> {
  readonly root: HTMLElement;
  readonly #body: HTMLTableSectionElement;
  readonly #table: HTMLTableElement;
  readonly #status = element('p', { class: 'empty', role: 'status' });
  readonly #error = element('p', { class: 'error', role: 'alert' });
  readonly #more = button('Show more', () => void this.#load(this.#next));
  #next: string | undefined;
  /** Changes with each reload: earlier answers are ignored. */
  #turn = 0;

  constructor(private readonly parts: PagedListParts<T>) {
    this.#table = cardTable(parts.name, parts.columns);
    this.#body = this.#table.tBodies[0] ?? this.#table.createTBody();
    this.#table.hidden = true;
    this.#more.hidden = true;
    const scroll = element('div', { class: 'scroll' }, this.#table);
    this.root = element('div', { class: 'list' }, scroll, this.#status, this.#error, this.#more);
  }

  get name(): string {
    return this.parts.name;
  }

  /** Loads the first page again. The rows before stay until it has arrived. */
  reload(): Promise<void> {
    this.#turn++;
    return this.#load(undefined);
  }

  /** Replaces the row of an entry. @returns the new row */
  replace(row: HTMLTableRowElement, item: T): HTMLTableRowElement {
    const made = this.parts.row(item);
    row.replaceWith(made);
    return made;
  }

  async #load(cursor: string | undefined): Promise<void> {
    const turn = this.#turn;
    this.#more.disabled = true;
    if (this.#body.rows.length === 0) setText(this.#status, `Loading ${this.parts.name} …`);
    try {
      const { items, next } = await this.parts.load(cursor);
      if (turn !== this.#turn) return;
      const rows = items.map((item) => this.parts.row(item));
      if (cursor === undefined) this.#body.replaceChildren(...rows);
      else this.#body.append(...rows);
      // The button is about to go, or was: the focus stays at the place where the reader is.
      if (cursor !== undefined) focusOn(rows[0]);
      this.#next = next ?? undefined;
      this.#more.hidden = next === null;
      setText(this.#error, '');
      setText(this.#status, this.#body.rows.length === 0 ? this.parts.empty : '');
      this.#table.hidden = this.#body.rows.length === 0;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      if (turn !== this.#turn) return;
      setText(this.#status, '');
      setText(this.#error, `The ${this.parts.name} cannot be shown: ${error.message}.`);
    } finally {
      this.#more.disabled = false;
    }
  }
}

/** Fills a section with a list, a button that creates an entry, and one that loads the list again. */
export function showList<T>(
  section: HTMLElement,
  list: PagedList<T>,
  create: { readonly text: string; act(): void },
): void {
  const creating = button(create.text, () => create.act());
  creating.classList.add('primary');
  const refreshing = button('Refresh', () => void list.reload(), `Refresh ${list.name}`);
  section.append(element('div', { class: 'bar' }, creating, refreshing), list.root);
}

/** Moves the focus to an element that has none by itself. */
export function focusOn(target: HTMLElement | undefined): void {
  if (target === undefined) return;
  target.tabIndex = -1;
  target.focus();
}
