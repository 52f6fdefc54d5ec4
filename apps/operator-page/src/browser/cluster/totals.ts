import { byId, element, setText } from '../shared/dom.js';
import { bytes, count, milliseconds, rate } from '../shared/format.js';
import type { GatewayNode } from '../shared/operator-client.js';
import type { Rates } from './rates.js';
import { Sparkline } from './sparkline.js';

/** The figures of the whole cluster. */
export class Totals {
  readonly #list = byId('totals', HTMLElement);
  readonly #tiles = new Map<string, { value: HTMLElement; note: HTMLElement; line: Sparkline | undefined }>();

  constructor() {
    this.#tile('Gateways', false);
    this.#tile('Connections', true);
    this.#tile('Messages in', true);
    this.#tile('Messages out', true);
    this.#tile('Slowest relay', false);
    this.#tile('Memory', false);
  }

  /** @param gone number of gateways that stopped reporting; their figures are not included */
  show(nodes: readonly GatewayNode[], gone: number, rates: Rates): void {
    const ready = nodes.filter(({ state }) => state === 'ready').length;
    const others = nodes.length - ready;
    const states = others === 0 ? 'all ready' : `${ready} ready, ${others} not`;
    this.#set('Gateways', count(nodes.length), gone === 0 ? states : `${states}, ${gone} gone`);
    const connections = sum(nodes.map((node) => node.connections));
    const limit = sum(nodes.map(({ figures }) => figures?.connectionsLimit ?? Number.NaN));
    this.#set('Connections', count(connections), Number.isNaN(limit) ? '' : `of at most ${count(limit)}`);
    this.#tiles.get('Connections')?.line?.add(connections);
    const known = nodes.flatMap(({ nodeId }) => rates.of(nodeId) ?? []);
    this.#showRate(
      'Messages in',
      known.map(({ messagesIn }) => messagesIn),
    );
    this.#showRate(
      'Messages out',
      known.map(({ messagesOut }) => messagesOut),
    );
    const slowest = nodes
      .map(({ nodeId }) => ({ nodeId, ms: rates.of(nodeId)?.relayMs }))
      .reduce<{ nodeId: string; ms: number } | undefined>(
        (worst, { nodeId, ms }) => (ms !== undefined && ms > (worst?.ms ?? -1) ? { nodeId, ms } : worst),
        undefined,
      );
    this.#set('Slowest relay', milliseconds(slowest?.ms), slowest?.nodeId ?? '');
    const memory = nodes.flatMap(({ figures }) => figures?.rssBytes ?? []);
    this.#set('Memory', memory.length === 0 ? bytes(undefined) : bytes(sum(memory)), 'of all gateways');
  }

  #showRate(label: string, values: number[]): void {
    const total = values.length === 0 ? undefined : sum(values);
    this.#set(label, rate(total), 'a second');
    if (total !== undefined) this.#tiles.get(label)?.line?.add(total);
  }

  #set(label: string, value: string, note: string): void {
    const tile = this.#tiles.get(label);
    if (tile === undefined) return;
    setText(tile.value, value);
    setText(tile.note, note);
  }

  #tile(label: string, withLine: boolean): void {
    const value = element('dd');
    const note = element('dd', { class: 'note' });
    const tile = element('div', { class: 'tile' }, element('dt', {}, label), value, note);
    const line = withLine ? new Sparkline() : undefined;
    if (line !== undefined) value.after(line.root);
    this.#list.append(tile);
    this.#tiles.set(label, { value, note, line });
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
