import { Choices, field, numbers, select, textInput } from '../shared/fields.js';
import { openForm } from '../shared/form-dialog.js';
import type { OperatorSession } from '../shared/session.js';
import { showSecret } from '../shared/show-secret.js';
import { EVENT_TYPES, type Webhook } from './webhook.js';

const SECRET_HINT = 'The receiver verifies with it that events come from this server.';
const OVERLAPS = [
  ['86400', 'For a day'],
  ['3600', 'For an hour'],
  ['604800', 'For a week'],
  ['0', 'Not at all'],
] as const;

/** Opens the form that creates a webhook, and then shows its secret. @param created called when it exists */
export function openCreateWebhook(session: OperatorSession, created: () => void): void {
  const url = textInput({
    type: 'url',
    required: '',
    maxlength: '2000',
    placeholder: 'https://example.com/chorus',
  });
  const events = new Choices(
    'Events (none chosen: all)',
    EVENT_TYPES.map((type) => [type, ''] as const),
  );
  const rooms = textInput({ placeholder: '12, 15' });
  openForm({
    title: 'Create a webhook',
    fields: [
      field('URL', url, 'Every event is sent there by POST.'),
      events.root,
      field('Ids of rooms', rooms, 'Empty: events of all rooms, and those of no room.'),
    ],
    send: 'Create webhook',
    act: async () => {
      const body = { url: url.value, events: events.chosen, rooms: numbers(rooms.value) };
      const { id, secret } = await session.ask<Webhook & { secret: string }>('POST', '/webhooks', body);
      created();
      return () => showSecret(`Webhook ${id}`, 'Secret', secret, SECRET_HINT);
    },
  });
}

/** Opens the form that makes a new secret, and then shows it. */
export function openRotateSecret(session: OperatorSession, { id }: Webhook): void {
  const overlap = select(OVERLAPS);
  openForm({
    title: `New secret of webhook ${id}`,
    text: 'Deliveries are signed with the new secret at once. The receiver accepts them when it knows it.',
    fields: [field('The present secret signs as well', overlap)],
    send: 'Make a new secret',
    act: async () => {
      const body = { overlapSeconds: Number(overlap.value) };
      const { secret } = await session.ask<{ secret: string }>('POST', `/webhooks/${id}/secret`, body);
      return () => showSecret(`Webhook ${id}`, 'New secret', secret, SECRET_HINT);
    },
  });
}

/** Opens the form that delivers everything after an event. @param resumed called with the webhook as it is then */
export function openResume(
  session: OperatorSession,
  { id, after }: Webhook,
  resumed: (webhook: Webhook) => void,
): void {
  const event = textInput({ required: '', value: after });
  openForm({
    title: `Resume webhook ${id}`,
    text: 'All events after the one that you name are delivered, also those that were delivered before.',
    fields: [
      field(
        'After the event',
        event,
        'Such as evt_42. At the moment everything up to this one is delivered.',
      ),
    ],
    send: 'Resume',
    act: async () => {
      const webhook = await session.ask<Webhook>('POST', `/webhooks/${id}/resume`, {
        after: event.value.trim(),
      });
      return () => resumed(webhook);
    },
  });
}
