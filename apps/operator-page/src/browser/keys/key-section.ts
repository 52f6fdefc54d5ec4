import type { Confirmation } from '../shared/confirmation.js';
import { button, byId, element } from '../shared/dom.js';
import { count, time } from '../shared/format.js';
import type { Notices } from '../shared/notices.js';
import { focusOn, PagedList, showList } from '../shared/paged-list.js';
import { type OperatorSession, type PageSection, withQuery } from '../shared/session.js';
import { cardRow } from '../shared/table.js';
import { openCreateKey } from './create-key.js';
import { type Key, stateOf } from './key.js';

const STATES = { active: 'Active', expired: 'Expired', revoked: 'Revoked' } as const;

/** The API keys. */
export class KeySection implements PageSection {
  readonly #list: PagedList<Key>;

  constructor(
    private readonly session: OperatorSession,
    private readonly confirmation: Confirmation,
    private readonly notices: Notices,
  ) {
    this.#list = new PagedList<Key>({
      name: 'API keys',
      columns: ['Name', 'State', 'Scopes', 'Acts as', 'Messages /s', 'Last used', 'Expires', ''],
      empty: 'There are no API keys. Programs need one to use the API.',
      load: async (cursor) => {
        const page = await session.ask<{ keys: Key[]; nextCursor: string | null }>(
          'GET',
          withQuery('/keys', { cursor }),
        );
        return { items: page.keys, next: page.nextCursor };
      },
      row: (key) => this.#row(key),
    });
    showList(byId('keys-section', HTMLElement), this.#list, {
      text: 'Create key …',
      act: () => openCreateKey(session, () => void this.#list.reload()),
    });
  }

  open(): void {
    void this.#list.reload();
  }

  #row(key: Key): HTMLTableRowElement {
    const state = stateOf(key, Date.now());
    const name = element('bdi', {}, key.name);
    const revoke =
      state === 'revoked'
        ? []
        : [button('Revoke', () => this.#revoke(key, row), `Revoke ${key.name}, ${key.id} …`)];
    const row = cardRow([
      ['Name', name, element('small', {}, element('code', {}, key.id))],
      ['State', element('span', { class: 'badge' }, STATES[state])],
      ['Scopes', key.scopes.join(', ')],
      ['Acts as', actsAs(key)],
      ['Messages /s', key.messagesPerSecond === null ? 'default' : count(key.messagesPerSecond)],
      ['Last used', key.lastUsedAt === null ? 'never' : time(key.lastUsedAt)],
      ['Expires', key.expiresAt === null ? 'never' : time(key.expiresAt)],
      ['', ...revoke],
    ]);
    row.dataset.state = state;
    return row;
  }

  #revoke(key: Key, row: HTMLTableRowElement): void {
    let shown = row;
    this.confirmation.ask({
      title: `Revoke “${key.name}”?`,
      text: `Within a second every API refuses the key ${key.id}, and the sockets that were opened with it are closed. This cannot be undone.`,
      yes: 'Revoke',
      act: async () => {
        await this.session.ask('DELETE', `/keys/${key.id}`);
        shown = this.#list.replace(row, { ...key, revokedAt: new Date().toISOString() });
        this.notices.say(`The key “${key.name}” is revoked.`);
      },
      done: () => focusOn(shown),
    });
  }
}

function actsAs({ botId, scopes }: Key): string {
  if (botId !== null) return `bot ${botId}`;
  return scopes.includes('act-as') ? 'the application, any user' : 'the application';
}
