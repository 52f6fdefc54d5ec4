import { byId } from '../shared/dom.js';
import type { Notices } from '../shared/notices.js';
import type { GatewayNode } from '../shared/operator-client.js';
import { nameRoles, tableBody } from '../shared/table.js';
import { NodeRow } from './node-row.js';
import type { Rates } from './rates.js';
import type { GoneNode } from './roll-call.js';

/** The gateways, one row each, in the order of the API. */
export class NodeTable {
  readonly #body = tableBody('nodes');
  readonly #empty = byId('no-nodes', HTMLElement);
  readonly #rows = new Map<string, NodeRow>();
  #states: Map<string, string> | undefined;

  constructor(
    private readonly notices: Notices,
    private readonly act: (node: GatewayNode) => void,
  ) {
    nameRoles(byId('nodes', HTMLTableElement));
  }

  /**
   * @param gone gateways that stopped reporting, shown behind the others
   * @param now milliseconds since 1970
   */
  show(nodes: readonly GatewayNode[], gone: readonly GoneNode[], rates: Rates, now: number): void {
    this.#empty.hidden = nodes.length + gone.length > 0;
    const absent = new Map(gone.map(({ node, agoMs }) => [node.nodeId, agoMs]));
    const all = [...nodes, ...gone.map(({ node }) => node)];
    const ids = new Set(all.map(({ nodeId }) => nodeId));
    for (const [nodeId, row] of this.#rows) {
      if (ids.has(nodeId)) continue;
      row.root.remove();
      this.#rows.delete(nodeId);
    }
    let place = this.#body.firstElementChild;
    for (const node of all) {
      let row = this.#rows.get(node.nodeId);
      if (row === undefined) {
        row = new NodeRow(node, this.act);
        this.#rows.set(node.nodeId, row);
      }
      if (row.root === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row.root, place);
      const agoMs = absent.get(node.nodeId);
      if (agoMs === undefined) row.show(node, rates.of(node.nodeId), now);
      else row.showGone(agoMs);
    }
    this.#announce(nodes);
  }

  /** Announces changes of state to screen readers; not the figures, which change every second. */
  #announce(nodes: readonly GatewayNode[]): void {
    const states = new Map(nodes.map(({ nodeId, state }) => [nodeId, state as string]));
    const before = this.#states;
    this.#states = states;
    if (before === undefined) return;
    const changes: string[] = [];
    for (const [nodeId, state] of states) {
      if (before.get(nodeId) !== state) changes.push(`${nodeId} is ${state}`);
    }
    for (const nodeId of before.keys()) if (!states.has(nodeId)) changes.push(`${nodeId} is gone`);
    if (changes.length > 0) this.notices.say(`${changes.join(', ')}.`);
  }
}
