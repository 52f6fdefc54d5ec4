import { byId, element } from './dom.js';

export function tableBody(id: string): HTMLTableSectionElement {
  const body = byId(id, HTMLTableElement).tBodies[0];
  if (body === undefined) throw new Error(`#${id} has no body`);
  return body;
}

/**
 * On a narrow screen the rows are shown as cards, and browsers no longer treat them as a table without explicit
 * roles.
 */
export function nameRoles(table: HTMLTableElement): void {
  table.setAttribute('role', 'table');
  for (const section of [table.tHead, ...table.tBodies]) section?.setAttribute('role', 'rowgroup');
  for (const row of table.rows) row.setAttribute('role', 'row');
  for (const cell of table.tHead?.rows[0]?.cells ?? []) cell.setAttribute('role', 'columnheader');
}

/** One cell of a row: its column, and text or elements. */
export type Cell = readonly [column: string, ...content: Array<string | Node>];

/** Creates a table whose rows are cards on a narrow screen. @param columns '' for the column of buttons, which is the last one */
export function cardTable(label: string, columns: readonly string[]): HTMLTableElement {
  const heads = columns.map((column) =>
    element(
      'th',
      { scope: 'col' },
      column === '' ? element('span', { class: 'visually-hidden' }, 'Action') : column,
    ),
  );
  const head = element('thead', {}, element('tr', {}, ...heads));
  const table = element('table', { class: 'cards', 'aria-label': label }, head, element('tbody'));
  nameRoles(table);
  return table;
}

/** Creates a row; the first cell is its head. */
export function cardRow([[, ...head], ...cells]: readonly [Cell, ...Cell[]]): HTMLTableRowElement {
  return element(
    'tr',
    { role: 'row' },
    element('th', { role: 'rowheader', scope: 'row' }, ...head),
    ...cells.map(([column, ...content]) =>
      element(
        'td',
        column === '' ? { role: 'cell', class: 'action' } : { role: 'cell', 'data-label': column },
        ...content,
      ),
    ),
  );
}
