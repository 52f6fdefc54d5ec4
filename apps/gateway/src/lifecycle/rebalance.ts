import type { NodeRegistry, NodeReport } from '@chorus/control';
import type { Closeable, Logger } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import { requestReconnect } from '../connections/request-reconnect.js';
import { isRollingOut, revisionsOf } from './rollout.js';

export interface RebalanceParts {
  nodeId: string;
  connections: ConnectionRegistry;
  nodes: NodeRegistry;
  /** Whether this node may ask clients to reconnect: it is ready and not draining. */
  able(): boolean;
  /** Whether the node looks for imbalances by itself. */
  auto: boolean;
  /** Share of its connections that a node gives up per minute in automatic mode, 0 to 1. */
  sharePerMinute: number;
  /** Time for which a new revision of gateways keeps the automatic mode waiting, in milliseconds. Default: 0. */
  rolloutMs?: number;
  log: Logger;
  /** Interval between steps, in milliseconds. */
  stepMs?: number;
}

const STEP_MS = 1_000;

/** Steps between two checks for an imbalance. */
const CHECK_STEPS = 10;

/**
 * Gateways for which the list of gateways is read as often as the steps say. Of more, it is read proportionately less
 * often: each reads the reports of all, so the reads of all together would grow with the square of their number.
 */
const NODES_PER_CHECK = 100;
const NODES_PER_STEP = 50;

/**
 * Nodes are left alone while all of them are within this share of the average: the fullest then has at most 1.15 times
 * the connections of the emptiest. Behind a balancer that assigns clients at random, a few per cent are chance.
 */
const TOLERANCE = 0.07;

/** A campaign continues down to this share above the average, because its figures of other nodes were a second old. */
const SETTLED = 0.02;

/** A campaign in progress: gives up `perStep` connections per step until no more than `goal` are left. */
interface Campaign {
  readonly sharePerMinute: number;
  /** Whether no operator asked for it. */
  readonly automatic: boolean;
  readonly perStep: number;
  goal: number;
  allowance: number;
  sent: number;
}

/** Connections of this node, average and minimum over all ready ones, and whether a rollout is in progress. */
interface Cluster {
  readonly here: number;
  readonly average: number;
  readonly least: number;
  readonly rollout: boolean;
}

/**
 * Lets a node that has more connections than others give some up, so that new nodes fill up. It asks a bounded share of
 * its clients per minute to reconnect, oldest first, as a restart does; most of them connect to other nodes.
 */
export class Rebalance implements Closeable {
  readonly #parts: RebalanceParts;
  readonly #stepMs: number;
  #requested: number | undefined;
  #campaign: Campaign | undefined;
  /** Share per minute of the campaign that has just ended, until a check has shown that it was sufficient. */
  #unproven: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #untilCheck = CHECK_STEPS;
  /** Number of gateways when the list was read last. */
  #nodes = 0;
  /** Revisions of the gateways, and since when there are these. */
  #revisions = { names: '', since: Number.NEGATIVE_INFINITY };
  #closed = false;

  constructor(parts: RebalanceParts) {
    this.#parts = parts;
    this.#stepMs = parts.stepMs ?? STEP_MS;
    if (parts.auto) this.#arm();
  }

  /** Starts a campaign if this node has too many connections. */
  start(sharePerMinute: number): void {
    this.#requested = sharePerMinute;
    this.#campaign = undefined;
    this.#unproven = undefined;
    this.#arm();
  }

  /** Whether a campaign is in progress, or its need still has to be checked. */
  get active(): boolean {
    return (this.#campaign ?? this.#requested ?? this.#unproven) !== undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#step()
        .catch((error: unknown) => this.#parts.log.debug({ error: String(error) }, 'rebalancing is waiting'))
        .finally(() => {
          this.#timer = undefined;
          if (this.#parts.auto || this.active) this.#arm();
        });
    }, this.#stepMs * this.#slowness);
  }

  /** By how much the steps of a campaign are longer, so that each has a current list. */
  get #slowness(): number {
    return this.#campaign === undefined ? 1 : Math.max(1, this.#nodes / NODES_PER_STEP);
  }

  async #step(): Promise<void> {
    if (!this.#parts.able()) {
      this.#campaign = undefined;
      this.#requested = undefined;
      this.#unproven = undefined;
      return;
    }
    this.#campaign ??= await this.#plan();
    if (this.#campaign !== undefined) await this.#giveUp(this.#campaign);
  }

  /** The campaign to run; undefined if there is none or it is not yet time to check. */
  async #plan(): Promise<Campaign | undefined> {
    const requested = this.#requested;
    if (requested === undefined && --this.#untilCheck > 0) return undefined;
    this.#untilCheck = CHECK_STEPS * Math.max(1, this.#nodes / NODES_PER_CHECK);
    const { auto, sharePerMinute, log } = this.#parts;
    const share = requested ?? this.#unproven ?? (auto ? sharePerMinute : undefined);
    if (share === undefined) return undefined;
    const cluster = await this.#cluster();
    // Another request arrived meanwhile: the next step handles it.
    if (this.#requested !== requested) return undefined;
    const begun = this.#unproven !== undefined;
    this.#requested = undefined;
    this.#unproven = undefined;
    if (cluster === undefined || (requested === undefined && cluster.rollout)) return undefined;
    const { here, average, least } = cluster;
    const uneven = begun || here > average * (1 + TOLERANCE) || least < average * (1 - TOLERANCE);
    if (!uneven || here <= average * (1 + SETTLED) || here - average < 1) return undefined;
    const perStep = (here * share * this.#stepMs) / 60_000;
    const automatic = requested === undefined;
    const campaign = {
      sharePerMinute: share,
      automatic,
      perStep,
      goal: Math.ceil(average),
      allowance: 0,
      sent: 0,
    };
    log.info({ connections: here, goal: campaign.goal, perStep }, 'giving up connections');
    return campaign;
  }

  async #giveUp(campaign: Campaign): Promise<void> {
    const cluster = await this.#cluster();
    // A new campaign replaced this one, or the node is closing.
    if (this.#campaign !== campaign || this.#closed) return;
    if (campaign.automatic && cluster?.rollout === true) {
      this.#parts.log.info({ sent: campaign.sent }, 'gave up connections until a rollout began');
      this.#campaign = undefined;
      return;
    }
    // A client that was asked and has not reconnected yet is counted on no node, which must not lower the goal.
    campaign.goal = Math.max(campaign.goal, Math.ceil(cluster?.average ?? Number.POSITIVE_INFINITY));
    const excess = (cluster?.here ?? 0) - campaign.goal;
    if (excess <= 0) {
      this.#parts.log.info({ sent: campaign.sent }, 'gave up connections');
      this.#campaign = undefined;
      this.#unproven = campaign.sharePerMinute;
      return;
    }
    campaign.allowance += campaign.perStep * this.#slowness;
    let left = Math.min(excess, Math.floor(campaign.allowance));
    campaign.allowance -= left;
    for (const slot of this.#parts.connections.slots()) {
      if (left <= 0) return;
      if (slot.ending || slot.connection === undefined) continue;
      requestReconnect(slot, 'rebalance');
      campaign.sent++;
      left--;
    }
  }

  /** Connections that stay if no further client is asked to reconnect. */
  #here(): number {
    let here = 0;
    for (const slot of this.#parts.connections.slots()) {
      if (!slot.ending && slot.connection !== undefined) here++;
    }
    return here;
  }

  /** The connections of all ready nodes; undefined if this is the only one. */
  async #cluster(): Promise<Cluster | undefined> {
    const { nodes, nodeId } = this.#parts;
    const all = await nodes.nodes();
    this.#nodes = all.length;
    const rollout = this.#duringRollout(all);
    const others = all.filter((node) => node.state === 'ready' && node.nodeId !== nodeId);
    if (others.length === 0) return undefined;
    const here = this.#here();
    const counts = [here, ...others.map(({ connections }) => connections)];
    const sum = counts.reduce((total, count) => total + count, 0);
    return { here, average: sum / counts.length, least: Math.min(...counts), rollout };
  }

  /** Whether a client that is asked to reconnect may get to a gateway that a rollout is about to end. */
  #duringRollout(all: readonly NodeReport[]): boolean {
    const revisions = revisionsOf(all);
    const names = JSON.stringify(revisions);
    const now = performance.now();
    if (names !== this.#revisions.names) this.#revisions = { names, since: now };
    const recent = now - this.#revisions.since < (this.#parts.rolloutMs ?? 0);
    return isRollingOut(all) || (revisions.length > 1 && recent);
  }
}
