import { Choices, field, select, textInput, timeOf } from '../shared/fields.js';
import { openForm } from '../shared/form-dialog.js';
import { OperatorError } from '../shared/operator-client.js';
import type { OperatorSession } from '../shared/session.js';
import { showSecret } from '../shared/show-secret.js';
import { type Key, SCOPES } from './key.js';

const DAY_MS = 86_400_000;
const OWN_TIME = 'own';
const LIFETIMES = [
  ['', 'Never'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  [OWN_TIME, 'At another time'],
] as const;

/** Opens the form that creates an API key, and then shows the key. @param created called with the new key */
export function openCreateKey(session: OperatorSession, created: () => void): void {
  const name = textInput({ maxlength: '64', required: '' });
  const scopes = new Choices('Scopes', SCOPES);
  const expires = select(LIFETIMES);
  const at = textInput({ type: 'datetime-local' });
  const atField = field('Expires at', at);
  const bot = textInput({ inputmode: 'numeric' });
  const limit = textInput({ type: 'number', min: '1', max: '1000000', step: '1' });
  atField.hidden = true;
  expires.addEventListener('change', () => {
    atField.hidden = expires.value !== OWN_TIME;
    at.required = !atField.hidden;
  });

  const act = async (): Promise<() => void> => {
    if (scopes.chosen.length === 0) throw new OperatorError(400, 'choose at least one scope');
    const body = {
      name: name.value,
      scopes: scopes.chosen,
      ...optional('botId', bot.value),
      ...optional('messagesPerSecond', limit.value),
      ...(expires.value === '' ? {} : { expiresAt: expiresAt(expires.value, at) }),
    };
    const { key } = await session.ask<Key & { key: string }>('POST', '/keys', body);
    created();
    return () =>
      showSecret(`API key “${name.value}”`, 'API key', key, 'Give it to the program that needs it.');
  };
  openForm({
    title: 'Create an API key',
    fields: [
      field('Name', name, 'The program or the purpose, as it appears here and in the audit.'),
      scopes.root,
      field('Expires', expires),
      atField,
      field('Id of a bot', bot, 'Empty: a key of the application. A key of a bot acts as that bot only.'),
      field('Messages per second', limit, 'Through one API process. Empty: the default of the server.'),
    ],
    send: 'Create key',
    act,
  });
}

function expiresAt(lifetime: string, at: HTMLInputElement): string | undefined {
  if (lifetime === OWN_TIME) return timeOf(at);
  return new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString();
}

function optional(name: string, value: string): Record<string, number | string> {
  const text = value.trim();
  if (text === '') return {};
  return { [name]: /^\d+$/.test(text) ? Number(text) : text };
}
