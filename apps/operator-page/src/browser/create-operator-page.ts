import { Actions } from './actions.js';
import { Confirmation } from './confirmation.js';
import { byId, setText } from './dom.js';
import { NodeTable } from './node-table.js';
import { Notices } from './notices.js';
import { type GatewayNode, OperatorClient, OperatorError } from './operator-client.js';
import { Poll } from './poll.js';
import { Rates } from './rates.js';
import { RollCall } from './roll-call.js';
import { RoomTable } from './room-table.js';
import { TokenForm } from './token-form.js';
import { Totals } from './totals.js';

const NODES_MS = 1_000;
/** Interval of reading rooms, in milliseconds: they cost Redis more than nodes. */
const ROOMS_MS = 5_000;
const ROOMS = 10;

/** Starts the page: asks for the token, then shows the cluster. */
export function createOperatorPage(): void {
  let client: OperatorClient | undefined;
  let nodes: readonly GatewayNode[] = [];
  let paused = false;

  const cluster = byId('cluster', HTMLElement);
  const session = byId('session', HTMLElement);
  const freshness = byId('freshness', HTMLElement);
  const pause = byId('pause', HTMLButtonElement);

  const notices = new Notices();
  const confirmation = new Confirmation();
  const rates = new Rates();
  const rollCall = new RollCall();
  const totals = new Totals();
  const rooms = new RoomTable();
  const nodePoll = new Poll(askNodes, NODES_MS);
  const roomPoll = new Poll(askRooms, ROOMS_MS);
  const actions = new Actions({
    client: () => client,
    connections: () => nodes.reduce((sum, { connections }) => sum + connections, 0),
    done: () => {
      if (!paused) nodePoll.start();
    },
    confirmation,
    notices,
  });
  const nodeTable = new NodeTable(notices, (node) => actions.drain(node));
  const tokenForm = new TokenForm(open);

  byId('forget', HTMLButtonElement).addEventListener('click', () => shut());
  pause.addEventListener('click', () => setPaused(!paused));

  const kept = tokenForm.kept;
  if (kept === undefined) tokenForm.ask();
  else open(kept);

  function open(token: string): void {
    client = new OperatorClient(token);
    tokenForm.hide();
    session.hidden = false;
    setPaused(false);
  }

  function shut(why?: string): void {
    client = undefined;
    nodePoll.stop();
    roomPoll.stop();
    confirmation.close();
    cluster.hidden = true;
    session.hidden = true;
    showFreshness('idle', '');
    tokenForm.ask(why);
  }

  function setPaused(on: boolean): void {
    paused = on;
    pause.setAttribute('aria-pressed', String(on));
    for (const poll of [nodePoll, roomPoll]) {
      if (on) poll.stop();
      else poll.start();
    }
    if (on) showFreshness('paused', `Paused at ${new Date().toLocaleTimeString()}`);
  }

  function askNodes(current: () => boolean): Promise<void> {
    return ask(current, async (asked) => {
      const found = await asked.nodes();
      if (!current()) return;
      const { present, gone } = rollCall.look(found, performance.now());
      nodes = present;
      rates.look(nodes);
      totals.show(nodes, gone.length, rates);
      nodeTable.show(nodes, gone, rates, Date.now());
      cluster.hidden = false;
      showFreshness('live', 'Live');
    });
  }

  function askRooms(current: () => boolean): Promise<void> {
    return ask(current, async (asked) => {
      const busiest = await asked.busiestRooms(ROOMS);
      if (current()) rooms.show(busiest);
    });
  }

  async function ask(current: () => boolean, look: (asked: OperatorClient) => Promise<void>): Promise<void> {
    if (client === undefined) return;
    try {
      await look(client);
    } catch (error) {
      if (current()) failed(error);
    }
  }

  function failed(error: unknown): void {
    if (!(error instanceof OperatorError)) throw error;
    if (error.status === 401 || error.status === 403) {
      shut(`The API says: ${error.message}.`);
      return;
    }
    // The figures stay visible: they are the last known ones.
    showFreshness('stale', `Not up to date: ${error.message}`);
  }

  function showFreshness(state: 'live' | 'paused' | 'stale' | 'idle', text: string): void {
    freshness.dataset.state = state;
    setText(freshness, text);
  }
}
