import type { NodeRegistry } from '@chorus/control';
import type { Closeable, Logger } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import { requestReconnect } from '../connections/request-reconnect.js';

export interface RebalanceParts {
  nodeId: string;
  connections: ConnectionRegistry;
  nodes: NodeRegistry;
  /** Whether this node may send anybody away: it is ready, and not emptying itself anyway. */
  able(): boolean;
  /** Looks by itself whether there is something to even out. */
  auto: boolean;
  /** The share of its connections that a node gives up a minute when it decides so itself. */
  sharePerMinute: number;
  log: Logger;
  /** Between two steps, in milliseconds. */
  stepMs?: number;
}

const STEP_MS = 1_000;

/** Steps between two looks. */
const LOOK_STEPS = 10;

/**
 * Nodes are left alone while all of them are within this share of the average: the fullest has at most 1.15 times
 * the connections of the emptiest then. Where a balancer sends clients anywhere, some per cent are chance.
 */
const TOLERANCE = 0.07;

/** Whoever has begun goes on to this share above the average: what was known of the others was a second old. */
const SETTLED = 0.02;

/** Under way: so many connections go a step, until no more than the goal are left. */
interface Campaign {
  readonly sharePerMinute: number;
  readonly perStep: number;
  goal: number;
  allowance: number;
  sent: number;
}

/**
 * Lets a node with more connections than others give some up, so that new nodes fill up. A bounded share goes a
 * minute, the oldest first, in the same way as on a restart: clients come back, mostly elsewhere.
 */
export class Rebalance implements Closeable {
  readonly #parts: RebalanceParts;
  readonly #stepMs: number;
  #requested: number | undefined;
  #campaign: Campaign | undefined;
  /** Of the campaign that has just ended, until a look has shown that it was enough. */
  #unproven: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #untilLook = LOOK_STEPS;
  #closed = false;

  constructor(parts: RebalanceParts) {
    this.#parts = parts;
    this.#stepMs = parts.stepMs ?? STEP_MS;
    if (parts.auto) this.#arm();
  }

  /** If this node is too full, it gives up connections from now on until it is not. */
  start(sharePerMinute: number): void {
    this.#requested = sharePerMinute;
    this.#campaign = undefined;
    this.#unproven = undefined;
    this.#arm();
  }

  /** Whether connections are being given up, or that is still to be found out. */
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
        .catch((error: unknown) => this.#parts.log.debug({ error: String(error) }, 'rebalancing waits'))
        .finally(() => {
          this.#timer = undefined;
          if (this.#parts.auto || this.active) this.#arm();
        });
    }, this.#stepMs);
  }

  async #step(): Promise<void> {
    if (!this.#parts.able()) {
      this.#campaign = undefined;
      this.#requested = undefined;
      this.#unproven = undefined;
      return;
    }
    this.#campaign ??= await this.#look();
    if (this.#campaign !== undefined) await this.#giveUp(this.#campaign);
  }

  /** What there is to give up, if it is time to look. */
  async #look(): Promise<Campaign | undefined> {
    const requested = this.#requested;
    if (requested === undefined && --this.#untilLook > 0) return undefined;
    this.#untilLook = LOOK_STEPS;
    const { auto, sharePerMinute, log } = this.#parts;
    const share = requested ?? this.#unproven ?? (auto ? sharePerMinute : undefined);
    if (share === undefined) return undefined;
    const cluster = await this.#cluster();
    // Asked for something else meanwhile: that is for the next step.
    if (this.#requested !== requested) return undefined;
    const begun = this.#unproven !== undefined;
    this.#requested = undefined;
    this.#unproven = undefined;
    if (cluster === undefined) return undefined;
    const { here, average, least } = cluster;
    const uneven = begun || here > average * (1 + TOLERANCE) || least < average * (1 - TOLERANCE);
    if (!uneven || here <= average * (1 + SETTLED) || here - average < 1) return undefined;
    const perStep = (here * share * this.#stepMs) / 60_000;
    const campaign = { sharePerMinute: share, perStep, goal: Math.ceil(average), allowance: 0, sent: 0 };
    log.info({ connections: here, goal: campaign.goal, perStep }, 'giving up connections');
    return campaign;
  }

  async #giveUp(campaign: Campaign): Promise<void> {
    const cluster = await this.#cluster();
    // Started anew, or ended, meanwhile.
    if (this.#campaign !== campaign || this.#closed) return;
    // A client that was asked and has not reconnected yet is counted nowhere: that must not lower the goal.
    campaign.goal = Math.max(campaign.goal, Math.ceil(cluster?.average ?? Number.POSITIVE_INFINITY));
    const excess = (cluster?.here ?? 0) - campaign.goal;
    if (excess <= 0) {
      this.#parts.log.info({ sent: campaign.sent }, 'gave up connections');
      this.#campaign = undefined;
      this.#unproven = campaign.sharePerMinute;
      return;
    }
    campaign.allowance += campaign.perStep;
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

  /** Those who stay if nobody else goes. */
  #here(): number {
    let here = 0;
    for (const slot of this.#parts.connections.slots()) {
      if (!slot.ending && slot.connection !== undefined) here++;
    }
    return here;
  }

  /** Connections of this node, and of all that take any, this one included; undefined when it is the only one. */
  async #cluster(): Promise<{ here: number; average: number; least: number } | undefined> {
    const { nodes, nodeId } = this.#parts;
    const others = (await nodes.nodes()).filter((node) => node.state === 'ready' && node.nodeId !== nodeId);
    if (others.length === 0) return undefined;
    const here = this.#here();
    const counts = [here, ...others.map(({ connections }) => connections)];
    const sum = counts.reduce((total, count) => total + count, 0);
    return { here, average: sum / counts.length, least: Math.min(...counts) };
  }
}
