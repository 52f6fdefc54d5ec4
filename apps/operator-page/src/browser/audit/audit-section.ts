import { button, byId, element } from '../shared/dom.js';
import { field, select, textInput, timeOf } from '../shared/fields.js';
import { count, time, UNKNOWN } from '../shared/format.js';
import { PagedList } from '../shared/paged-list.js';
import { type OperatorSession, type PageSection, withQuery } from '../shared/session.js';
import { cardRow } from '../shared/table.js';

/** An entry of the audit as `GET /audit` returns it. */
interface Entry {
  at: string;
  by: 'key' | 'operator';
  keyId: string | null;
  keyName: string | null;
  actingUserId: number | null;
  action: string;
  roomId: number | null;
  userId: number | null;
  target: string | null;
  status: number;
  count: number;
  requestId: string;
}

/** What API keys and operators did, newest first. */
export class AuditSection implements PageSection {
  readonly #list: PagedList<Entry>;
  readonly #by = select([
    ['', 'Keys and operators'],
    ['operator', 'Operators'],
    ['key', 'API keys'],
  ]);
  readonly #fields = {
    keyId: textInput({ maxlength: '12' }),
    action: textInput({ placeholder: 'createRoom' }),
    userId: textInput({ inputmode: 'numeric' }),
    roomId: textInput({ inputmode: 'numeric' }),
  };
  readonly #since = textInput({ type: 'datetime-local' });
  readonly #until = textInput({ type: 'datetime-local' });

  constructor(session: OperatorSession) {
    this.#list = new PagedList<Entry>({
      name: 'audit',
      columns: ['Time', 'By', 'Action', 'About', 'Status', 'Times', 'Request'],
      empty: 'No entry matches.',
      load: async (cursor) => {
        const page = await session.ask<{ entries: Entry[]; nextCursor: string | null }>(
          'GET',
          withQuery('/audit', { ...this.#filter(), cursor }),
        );
        return { items: page.entries, next: page.nextCursor };
      },
      row: rowOf,
    });
    const form = element(
      'form',
      { class: 'filters', 'aria-label': 'Filters of the audit' },
      field('By', this.#by),
      field('Id of the key', this.#fields.keyId),
      field('Action', this.#fields.action),
      field('Id of the user', this.#fields.userId),
      field('Id of the room', this.#fields.roomId),
      field('From', this.#since),
      field('Until', this.#until),
      element(
        'div',
        { class: 'bar' },
        element('button', { type: 'submit', class: 'primary' }, 'Show'),
        button('Clear', () => this.#clear(form)),
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.open();
    });
    byId('audit-section', HTMLElement).append(form, this.#list.root);
  }

  open(): void {
    void this.#list.reload();
  }

  #clear(form: HTMLFormElement): void {
    form.reset();
    this.open();
  }

  #filter(): Record<string, string | undefined> {
    const texts = Object.entries(this.#fields).map(([name, { value }]) => [name, value.trim()] as const);
    return {
      ...Object.fromEntries(texts),
      ...{ by: this.#by.value, since: timeOf(this.#since), until: timeOf(this.#until) },
    };
  }
}

function rowOf(entry: Entry): HTMLTableRowElement {
  const row = cardRow([
    ['Time', time(entry.at, true)],
    ['By', ...whoOf(entry)],
    ['Action', element('code', {}, entry.action)],
    ['About', aboutOf(entry)],
    ['Status', element('span', { class: 'badge' }, String(entry.status))],
    ['Times', count(entry.count)],
    ['Request', element('small', { class: 'id' }, entry.requestId)],
  ]);
  row.dataset.state = entry.status < 400 ? 'ready' : 'degraded';
  return row;
}

function whoOf({ by, keyId, keyName, actingUserId }: Entry): Array<string | Node> {
  if (by === 'operator') return ['operator'];
  const as = actingUserId === null ? '' : `, as user ${actingUserId}`;
  return [
    element('bdi', {}, keyName ?? 'deleted key'),
    element('small', {}, element('code', {}, keyId ?? ''), as),
  ];
}

function aboutOf({ roomId, userId, target }: Entry): string {
  const parts = [
    ...(userId === null ? [] : [`user ${userId}`]),
    ...(roomId === null ? [] : [`room ${roomId}`]),
    ...(target === null ? [] : [target]),
  ];
  return parts.length === 0 ? UNKNOWN : parts.join(', ');
}
