import type { Confirmation } from '../shared/confirmation.js';
import { byId } from '../shared/dom.js';
import { plural } from '../shared/format.js';
import type { Notices } from '../shared/notices.js';
import type { GatewayNode, OperatorClient } from '../shared/operator-client.js';

export interface ActionParts {
  /** Undefined until the operator has entered a token. */
  client(): OperatorClient | undefined;
  connections(): number;
  /** Called after an action succeeded, to show its result. */
  done(): void;
  confirmation: Confirmation;
  notices: Notices;
}

/** The operator's actions, each after a confirmation. */
export class Actions {
  constructor(private readonly parts: ActionParts) {
    onSubmit('rebalance-form', () => this.#rebalance());
    onSubmit('broadcast-form', () => this.#broadcast());
  }

  drain({ nodeId, state, connections }: GatewayNode): void {
    const on = state !== 'draining';
    this.parts.confirmation.ask({
      title: on ? `Drain ${nodeId}?` : `Let ${nodeId} take connections again?`,
      text: on
        ? `It sends its ${plural(connections, 'connection')} to other gateways, spread over DRAIN_MS, and takes no new ones until that is lifted or its process ends.`
        : 'A gateway whose process is about to end goes on draining.',
      yes: on ? 'Drain' : 'Back into service',
      act: () =>
        this.#do(
          (client) => client.drain(nodeId, on),
          on ? `${nodeId} was told to drain.` : `${nodeId} was told to take connections again.`,
        ),
    });
  }

  #rebalance(): void {
    const share = byId('share', HTMLInputElement).valueAsNumber;
    this.parts.confirmation.ask({
      title: 'Rebalance the gateways?',
      text: `Each gateway with more than 7 % above the average gives up ${share} % of its connections per minute until all are level.`,
      yes: 'Rebalance',
      act: () => this.#do((client) => client.rebalance(share / 100), 'The gateways were told to rebalance.'),
    });
  }

  #broadcast(): void {
    const field = byId('content', HTMLTextAreaElement);
    const content = field.value;
    this.parts.confirmation.ask({
      title: 'Broadcast this?',
      text: `${plural(this.parts.connections(), 'connection')} will read: “${content}”`,
      yes: 'Broadcast',
      act: async () => {
        await this.#do((client) => client.broadcast(content), 'It was broadcast.');
        if (field.value === content) field.value = '';
      },
    });
  }

  async #do(act: (client: OperatorClient) => Promise<void>, done: string): Promise<void> {
    const client = this.parts.client();
    if (client === undefined) return;
    await act(client);
    this.parts.notices.say(done);
    this.parts.done();
  }
}

/** The browser has validated the fields by then. The form itself is never submitted. */
function onSubmit(id: string, act: () => void): void {
  byId(id, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}
