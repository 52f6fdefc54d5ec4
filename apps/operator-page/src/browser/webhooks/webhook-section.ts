import type { Confirmation } from '../shared/confirmation.js';
import { button, byId, element } from '../shared/dom.js';
import { plural, time } from '../shared/format.js';
import type { Notices } from '../shared/notices.js';
import { focusOn, PagedList, showList } from '../shared/paged-list.js';
import { type OperatorSession, type PageSection, withQuery } from '../shared/session.js';
import { cardRow } from '../shared/table.js';
import { openDeliveries } from './deliveries.js';
import type { Webhook } from './webhook.js';
import { openCreateWebhook, openResume, openRotateSecret } from './webhook-forms.js';

/** The webhooks. */
export class WebhookSection implements PageSection {
  readonly #list: PagedList<Webhook>;

  constructor(
    private readonly session: OperatorSession,
    private readonly confirmation: Confirmation,
    private readonly notices: Notices,
  ) {
    this.#list = new PagedList<Webhook>({
      name: 'webhooks',
      columns: ['URL', 'State', 'Events', 'Rooms', 'Delivered up to', ''],
      empty:
        'There are no webhooks. Without webhooks and without keys that read events, no events are recorded.',
      load: async (cursor) => {
        const page = await session.ask<{ webhooks: Webhook[]; nextCursor: number | null }>(
          'GET',
          withQuery('/webhooks', { cursor }),
        );
        return { items: page.webhooks, next: page.nextCursor === null ? null : String(page.nextCursor) };
      },
      row: (webhook) => this.#row(webhook),
    });
    showList(byId('webhooks-section', HTMLElement), this.#list, {
      text: 'Create webhook …',
      act: () => openCreateWebhook(session, () => void this.#list.reload()),
    });
  }

  open(): void {
    void this.#list.reload();
  }

  #row(webhook: Webhook): HTMLTableRowElement {
    const { id, url, enabled, events, rooms, after } = webhook;
    const row = cardRow([
      [
        'URL',
        element('bdi', {}, url),
        element('small', {}, `Webhook ${id}, since ${time(webhook.createdAt)}`),
      ],
      ['State', ...stateOf(webhook)],
      ['Events', events.length === 0 ? 'all' : events.join(', ')],
      ['Rooms', rooms.length === 0 ? 'all' : roomsText(rooms)],
      ['Delivered up to', element('code', {}, after)],
      [
        '',
        button(
          'Deliveries',
          () => openDeliveries(this.session, webhook, this.notices),
          `Deliveries of webhook ${id} …`,
        ),
        button(
          enabled ? 'Disable' : 'Enable',
          () => this.#switch(webhook, row),
          `${enabled ? 'Disable' : 'Enable'} webhook ${id} …`,
        ),
        button(
          'Resume',
          () => openResume(this.session, webhook, (changed) => this.#changed(row, changed)),
          `Resume webhook ${id} …`,
        ),
        button('New secret', () => openRotateSecret(this.session, webhook), `New secret of webhook ${id} …`),
        button('Delete', () => this.#delete(webhook, row), `Delete webhook ${id} …`),
      ],
    ]);
    row.dataset.state = enabled ? (webhook.failing === null ? 'ready' : 'degraded') : 'gone';
    return row;
  }

  #changed(row: HTMLTableRowElement, webhook: Webhook): void {
    focusOn(this.#list.replace(row, webhook));
    this.notices.say(`Webhook ${webhook.id} is changed.`);
  }

  #switch(webhook: Webhook, row: HTMLTableRowElement): void {
    const { id, url, enabled } = webhook;
    let shown = row;
    this.confirmation.ask({
      title: `${enabled ? 'Disable' : 'Enable'} webhook ${id}?`,
      text: enabled
        ? `Nothing is sent to ${url} until it is enabled again. Its events wait, for as long as events are kept.`
        : `All events that waited are sent to ${url}, in order.`,
      yes: enabled ? 'Disable' : 'Enable',
      act: async () => {
        shown = this.#list.replace(
          row,
          await this.session.ask<Webhook>('PATCH', `/webhooks/${id}`, { enabled: !enabled }),
        );
        this.notices.say(`Webhook ${id} is ${enabled ? 'disabled' : 'enabled'}.`);
      },
      done: () => focusOn(shown),
    });
  }

  #delete({ id, url }: Webhook, row: HTMLTableRowElement): void {
    this.confirmation.ask({
      title: `Delete webhook ${id}?`,
      text: `Nothing is sent to ${url} any more, and what waits for it is forgotten. This cannot be undone.`,
      yes: 'Delete',
      act: async () => {
        await this.session.ask('DELETE', `/webhooks/${id}`);
        row.remove();
        this.notices.say(`Webhook ${id} is deleted.`);
        await this.#list.reload();
      },
      done: () => focusOn(byId('webhooks-title', HTMLElement)),
    });
  }
}

function stateOf({ enabled, failing }: Webhook): Node[] {
  const badge = (text: string): HTMLElement => element('span', { class: 'badge' }, text);
  if (failing === null) return [badge('Delivering')];
  const last = failing.lastError ?? '';
  const lines = [
    badge(enabled ? 'Failing' : 'Disabled'),
    ...(failing.since === null
      ? []
      : [element('small', {}, `since ${time(failing.since)}, ${plural(failing.attempts, 'attempt')}`)]),
    ...(last === '' ? [] : [element('small', { class: 'reason' }, last)]),
    ...(failing.nextAttemptAt === null || !enabled
      ? []
      : [element('small', {}, `next attempt ${time(failing.nextAttemptAt, true)}`)]),
  ];
  return lines;
}

/** Names a few rooms. */
function roomsText(rooms: readonly number[]): string {
  const named = rooms.slice(0, 5).join(', ');
  return rooms.length > 5 ? `${named} and ${rooms.length - 5} more` : named;
}
