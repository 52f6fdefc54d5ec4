import { AuditSection } from './audit/audit-section.js';
import { Actions } from './cluster/actions.js';
import { NodeTable } from './cluster/node-table.js';
import { Rates } from './cluster/rates.js';
import { RollCall } from './cluster/roll-call.js';
import { RoomTable } from './cluster/room-table.js';
import { Totals } from './cluster/totals.js';
import { KeySection } from './keys/key-section.js';
import { Confirmation } from './shared/confirmation.js';
import { byId, setText } from './shared/dom.js';
import { Notices } from './shared/notices.js';
import { type GatewayNode, OperatorClient, OperatorError } from './shared/operator-client.js';
import { Poll } from './shared/poll.js';
import { Sections } from './shared/sections.js';
import type { PageSection } from './shared/session.js';
import { TokenForm } from './shared/token-form.js';
import { WebhookSection } from './webhooks/webhook-section.js';

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
  const views = byId('views', HTMLElement);
  const links = byId('sections', HTMLElement);
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
  const sections = new Sections(
    new Map<string, PageSection>([
      ['keys', new KeySection({ ask }, confirmation, notices)],
      ['webhooks', new WebhookSection({ ask }, confirmation, notices)],
      ['audit', new AuditSection({ ask })],
    ]),
  );

  byId('forget', HTMLButtonElement).addEventListener('click', () => shut());
  pause.addEventListener('click', () => setPaused(!paused));

  const kept = tokenForm.kept;
  if (kept === undefined) tokenForm.ask();
  else open(kept);

  function open(token: string): void {
    client = new OperatorClient(token);
    tokenForm.hide();
    for (const part of [session, views, links]) part.hidden = false;
    setPaused(false);
    sections.show();
  }

  function shut(why?: string): void {
    client = undefined;
    nodePoll.stop();
    roomPoll.stop();
    // Those that were opened for this token, with what they show.
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    for (const part of [cluster, session, views, links]) part.hidden = true;
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
    return look(current, async (asked) => {
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
    return look(current, async (asked) => {
      const busiest = await asked.busiestRooms(ROOMS);
      if (current()) rooms.show(busiest);
    });
  }

  /** Requests of the sections that are not shown all the time. */
  async function ask<T>(method: string, path: string, body?: object): Promise<T> {
    const asked = client;
    if (asked === undefined) throw new OperatorError(401, 'the token is not known any more');
    try {
      return await asked.ask<T>(method, path, body);
    } catch (error) {
      if (error instanceof OperatorError && isRefused(error) && asked === client) {
        shut(`The API says: ${error.message}.`);
      }
      throw error;
    }
  }

  async function look(current: () => boolean, read: (asked: OperatorClient) => Promise<void>): Promise<void> {
    if (client === undefined) return;
    try {
      await read(client);
    } catch (error) {
      if (current()) failed(error);
    }
  }

  function failed(error: unknown): void {
    if (!(error instanceof OperatorError)) throw error;
    if (isRefused(error)) {
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

/** Whether the token was refused. */
function isRefused({ status }: OperatorError): boolean {
  return status === 401 || status === 403;
}
