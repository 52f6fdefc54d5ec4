import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '@chorus/testing';
import type { ChatClient } from '../clients/chat-client.js';
import type { ReceiverState, WebhookReceiver } from '../events/receiver.js';
import type { ClientFaultKind } from '../history/history.js';
import type { PlannedFault } from '../run/schedule.js';
import { needed } from './server-fault.js';

/** A client that faults can disturb. */
export interface Troubled {
  readonly client: Pick<ChatClient, 'whole' | 'stall' | 'cut' | 'abandon' | 'rest' | 'start'>;
  /** True while a fault uses it: other faults leave it alone. */
  troubled: boolean;
}

export interface ClientFaultContext {
  participants: readonly Troubled[];
  /** Endpoint of a webhook; undefined without one. */
  receiver: WebhookReceiver | undefined;
  hits(what: string): void;
  signal: AbortSignal;
}

type ClientFault = (planned: PlannedFault, context: ClientFaultContext) => Promise<void>;

const SHARE = 0.06;

/** Faults of clients. Each resolves when the clients are released. */
export const CLIENT_FAULTS: Readonly<Record<ClientFaultKind, ClientFault>> = {
  'stalled-readers': (planned, context) =>
    trouble(planned, context, async (victims) => {
      for (const { client } of victims) client.stall(true);
      await sleep(planned.forMs, undefined, { signal: context.signal });
      for (const { client } of victims) client.stall(false);
    }),

  'vanished-clients': (planned, context) =>
    trouble(planned, context, async (victims) => {
      for (const [index, { client }] of victims.entries()) {
        if (index % 2 === 0) client.cut();
        else client.abandon();
      }
    }),

  'long-absences': (planned, context) =>
    trouble(planned, context, async (victims) => {
      for (const { client } of victims) client.rest();
      await sleep(planned.forMs, undefined, { signal: context.signal });
      for (const { client } of victims) client.start();
    }),

  'receiver-fails': (planned, context) => breakReceiver(planned, context, 'failing'),
  'receiver-hangs': (planned, context) => breakReceiver(planned, context, 'hanging'),

  async 'receiver-restart'({ forMs }, { receiver, hits, signal }) {
    const endpoint = needed(receiver);
    hits(`the endpoint of the webhook, away for ${forMs} ms`);
    await endpoint.stop();
    await sleep(forMs, undefined, { signal });
    await endpoint.start();
  },
};

async function breakReceiver(
  { forMs }: PlannedFault,
  { receiver, hits, signal }: ClientFaultContext,
  state: ReceiverState,
): Promise<void> {
  const endpoint = needed(receiver);
  hits(`the endpoint of the webhook is ${state} for ${forMs} ms`);
  endpoint.set(state);
  try {
    await sleep(forMs, undefined, { signal });
  } finally {
    endpoint.set('working');
  }
}

async function trouble(
  { seed, forMs }: PlannedFault,
  { participants, hits }: ClientFaultContext,
  action: (victims: readonly Troubled[]) => Promise<void>,
): Promise<void> {
  const free = participants.filter(({ troubled, client }) => !troubled && client.whole);
  const count = Math.ceil(participants.length * SHARE);
  const victims = createPrng(seed).shuffled(free).slice(0, count);
  hits(`${victims.length} clients${forMs > 0 ? ` for ${forMs} ms` : ''}`);
  for (const victim of victims) victim.troubled = true;
  try {
    await action(victims);
  } finally {
    for (const victim of victims) victim.troubled = false;
  }
}
