import { byId, element, setText } from '../shared/dom.js';
import { count } from '../shared/format.js';
import type { BusyRoom } from '../shared/operator-client.js';
import { tableBody } from '../shared/table.js';

/** The rooms with the most members. */
export class RoomTable {
  readonly #body = tableBody('rooms');
  readonly #empty = byId('no-rooms', HTMLElement);

  show(rooms: readonly BusyRoom[]): void {
    this.#empty.hidden = rooms.length > 0;
    while (this.#body.rows.length > rooms.length) this.#body.deleteRow(-1);
    for (const [at, { id, name, members }] of rooms.entries()) {
      const row = this.#body.rows[at] ?? this.#body.appendChild(emptyRow());
      const [nameCell, idCell, membersCell] = row.cells;
      // A room that was just deleted has no name.
      if (nameCell !== undefined) setText(nameCell, name ?? '(deleted)');
      if (idCell !== undefined) setText(idCell, String(id));
      if (membersCell !== undefined) setText(membersCell, count(members));
    }
  }
}

function emptyRow(): HTMLTableRowElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row', class: 'room', dir: 'auto' }),
    element('td', { class: 'number' }),
    element('td', { class: 'number' }),
  );
}
