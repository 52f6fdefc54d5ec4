import { button, element, setText } from '../shared/dom.js';
import { field, select, textInput, timeOf } from '../shared/fields.js';
import { openDialog } from '../shared/form-dialog.js';
import { plural, time } from '../shared/format.js';
import type { Notices } from '../shared/notices.js';
import { OperatorError } from '../shared/operator-client.js';
import { PagedList } from '../shared/paged-list.js';
import { type OperatorSession, withQuery } from '../shared/session.js';
import { cardRow } from '../shared/table.js';
import type { Webhook } from './webhook.js';

/** A delivery as `GET /webhooks/:id/deliveries` returns it. */
interface Delivery {
  eventId: string;
  roomId: number | null;
  state: 'retrying' | 'dead';
  attempts: number | null;
  at: string;
  nextAttemptAt: string | null;
  lastStatus: number | null;
  lastError: string | null;
}

const STATES = { retrying: 'Retrying', dead: 'Given up' } as const;
/** Opens a dialog with the deliveries of a webhook that have failed, in which they can be repeated. */
export function openDeliveries(session: OperatorSession, { id }: Webhook, notices: Notices): void {
  const path = `/webhooks/${id}`;
  const status = element('p', { role: 'status' });
  const error = element('p', { class: 'error', role: 'alert' });
  const act = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    setText(error, '');
    try {
      await work();
      setText(status, done);
    } catch (reason) {
      if (!(reason instanceof OperatorError)) throw reason;
      setText(error, `That did not work: ${reason.message}.`);
    }
  };
  const state = select([
    ['', 'All'],
    ['retrying', 'Retrying'],
    ['dead', 'Given up'],
  ]);
  state.addEventListener('change', () => void list.reload());
  const list = new PagedList<Delivery>({
    name: 'deliveries',
    columns: ['Event', 'State', 'Room', 'First failure', 'Next attempt', 'Last error', ''],
    empty: 'There are none: every delivery so far has succeeded, or is in progress.',
    load: async (cursor) => {
      const query = { state: state.value, cursor };
      const page = await session.ask<{ deliveries: Delivery[]; nextCursor: string | null }>(
        'GET',
        withQuery(`${path}/deliveries`, query),
      );
      return { items: page.deliveries, next: page.nextCursor };
    },
    row: (delivery) => {
      const { eventId, roomId, state, attempts, at, nextAttemptAt, lastError } = delivery;
      const again = button(
        'Deliver again',
        () =>
          void act(
            () => session.ask('POST', `${path}/deliveries/${eventId}/redeliver`, {}),
            `${eventId} is delivered again soon.`,
          ),
        `Deliver again: ${eventId}`,
      );
      const row = cardRow([
        ['Event', element('code', {}, eventId)],
        [
          'State',
          element('span', { class: 'badge' }, STATES[state]),
          ...(attempts === null ? [] : [element('small', {}, `after ${plural(attempts, 'attempt')}`)]),
        ],
        ['Room', roomId === null ? 'none' : String(roomId)],
        ['First failure', time(at, true)],
        ['Next attempt', time(nextAttemptAt, true)],
        ['Last error', lastError ?? ''],
        ['', again],
      ]);
      row.dataset.state = state === 'dead' ? 'degraded' : 'draining';
      return row;
    },
  });

  const from = textInput({ type: 'datetime-local', required: '' });
  const to = textInput({ type: 'datetime-local', required: '' });
  const span = element(
    'form',
    { class: 'bar' },
    field('Recorded from', from),
    field('to', to),
    element('button', { type: 'submit' }, 'Deliver all of them again'),
  );
  span.addEventListener('submit', (event) => {
    event.preventDefault();
    const body = { from: timeOf(from), to: timeOf(to) };
    void act(async () => {
      await session.ask('POST', `${path}/redeliver`, body);
      notices.say('The events of that time are delivered again soon.');
    }, 'The events of that time are delivered again soon.');
  });

  const close = openDialog(
    `Deliveries of webhook ${id}`,
    element(
      'p',
      {},
      'What has failed: the first event of each room that is retried, and events that were given up.',
    ),
    element('div', { class: 'bar' }, field('State', state)),
    list.root,
    element('h3', {}, 'Deliver events once more'),
    span,
    status,
    error,
    element(
      'div',
      { class: 'buttons' },
      button('Refresh', () => void list.reload(), 'Refresh deliveries'),
      button('Close', () => close()),
    ),
  );
  void list.reload();
}
