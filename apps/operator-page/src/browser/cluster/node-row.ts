import { element, setText } from '../shared/dom.js';
import { bytes, count, duration, milliseconds, percent, plural, rate, UNKNOWN } from '../shared/format.js';
import type { GatewayNode } from '../shared/operator-client.js';
import type { NodeRates } from './rates.js';

const STATES = { ready: 'Ready', degraded: 'Degraded', draining: 'Draining' } as const;

/** Share of the limit from which connections are marked. */
const NEARLY_FULL = 0.9;

/** A gateway's row. The element stays as long as the gateway is present, so that focus and selection stay too. */
export class NodeRow {
  readonly root: HTMLTableRowElement;
  readonly #name = element('th', { role: 'rowheader', scope: 'row' });
  readonly #state = element('span', { class: 'badge' });
  readonly #progress = element('progress', { hidden: '' });
  readonly #left = element('small', { hidden: '' });
  readonly #cells = new Map<string, HTMLTableCellElement>();
  readonly #button = element('button', { type: 'button' });
  #node: GatewayNode;

  /** @param act action of the button */
  constructor(node: GatewayNode, act: (node: GatewayNode) => void) {
    this.#node = node;
    setText(this.#name, node.nodeId);
    this.#progress.setAttribute('aria-label', `Drain of ${node.nodeId}`);
    const state = element(
      'td',
      { role: 'cell', 'data-label': 'State' },
      this.#state,
      this.#progress,
      this.#left,
    );
    const cells = [
      'Connections',
      'Rooms',
      'In /s',
      'Out /s',
      'Relay',
      'Probe',
      'Loop delay',
      'Core',
      'Memory',
      'Up',
    ];
    for (const label of cells) {
      this.#cells.set(label, element('td', { role: 'cell', class: 'number', 'data-label': label }));
    }
    const action = element('td', { role: 'cell', class: 'action' }, this.#button);
    this.root = element('tr', { role: 'row' }, this.#name, state, ...this.#cells.values(), action);
    this.#button.addEventListener('click', () => act(this.#node));
  }

  /** @param now milliseconds since 1970 */
  show(node: GatewayNode, rates: NodeRates | undefined, now: number): void {
    this.#node = node;
    const { state, connections, rooms, figures } = node;
    this.root.dataset.state = state;
    this.#button.hidden = false;
    setText(this.#state, STATES[state] ?? state);
    this.#showDrain(node);
    this.#set('Connections', count(connections));
    const full = figures !== null && connections >= figures.connectionsLimit * NEARLY_FULL;
    this.#cells.get('Connections')?.classList.toggle('warning', full);
    this.#cells
      .get('Connections')
      ?.setAttribute('title', figures === null ? '' : `of at most ${count(figures.connectionsLimit)}`);
    this.#set('Rooms', count(rooms));
    this.#set('In /s', rate(rates?.messagesIn));
    this.#set('Out /s', rate(rates?.messagesOut));
    this.#set('Relay', milliseconds(rates?.relayMs));
    this.#set('Probe', milliseconds(figures?.probeMs));
    this.#set('Loop delay', milliseconds(figures?.eventLoopDelayMs));
    this.#set('Core', percent(figures?.processorShare));
    this.#set('Memory', bytes(figures?.rssBytes));
    this.#set('Up', duration(now - Date.parse(node.startedAt)));
    const draining = state === 'draining';
    setText(this.#button, draining ? 'Undrain' : 'Drain');
    this.#button.setAttribute('aria-label', draining ? `Undrain ${node.nodeId} …` : `Drain ${node.nodeId} …`);
  }

  /**
   * Marks the gateway as gone; its figures are no longer valid. @param agoMs since its last report, in milliseconds
   */
  showGone(agoMs: number): void {
    this.root.dataset.state = 'gone';
    setText(this.#state, 'Gone');
    setText(this.#left, `gone ${duration(agoMs)} ago`);
    this.#left.hidden = false;
    this.#progress.hidden = true;
    for (const cell of this.#cells.values()) {
      setText(cell, UNKNOWN);
      cell.classList.remove('warning');
      cell.removeAttribute('title');
    }
    this.#button.hidden = true;
  }

  #showDrain({ state, connections, figures }: GatewayNode): void {
    const draining = state === 'draining';
    const from = figures?.drainedFrom ?? undefined;
    this.#left.hidden = !draining;
    this.#progress.hidden = !draining || from === undefined || from === 0;
    if (!draining) return;
    setText(this.#left, connections === 0 ? 'empty' : `${plural(connections, 'connection')} left`);
    if (from === undefined || from === 0) return;
    this.#progress.max = from;
    this.#progress.value = Math.max(0, from - connections);
  }

  #set(label: string, text: string): void {
    const cell = this.#cells.get(label);
    if (cell !== undefined) setText(cell, text);
  }
}
