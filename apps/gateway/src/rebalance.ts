import type { NodeRegistry } from '@chorus/control';
import type { Closeable, Logger } from '@chorus/service';
import type { Connections } from './connections.js';
import { sendAway } from './send-away.js';

export interface RebalanceParts {
  nodeId: string;
  connections: Connections;
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

/** Steps between two looks of a node that decides itself. */
const AUTO_STEPS = 10;

/** A node is too full above this many times the average. */
const TOLERANCE = 1.1;

/** Under way: so many connections go a step, until no more than the goal are left. */
interface Campaign {
  readonly perStep: number;
  goal: number;
  allowance: number;
  sent: number;
}

/**
 * Lets a node with more connections than others give some up, so that new nodes fill up. A bounded share goes a
 * minute, the oldest first, through the same door as on a restart: clients come back, mostly elsewhere.
 */
export class Rebalance implements Closeable {
  readonly #parts: RebalanceParts;
  readonly #stepMs: number;
  #requested: number | undefined;
  #campaign: Campaign | undefined;
  #timer: NodeJS.Timeout | undefined;
  #untilLook = AUTO_STEPS;
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
    this.#arm();
  }

  /** Whether connections are being given up, or that is still to be found out. */
  get active(): boolean {
    return this.#campaign !== undefined || this.#requested !== undefined;
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
    const { auto, able, log } = this.#parts;
    if (!able()) {
      this.#campaign = undefined;
      this.#requested = undefined;
      return;
    }
    if (this.#campaign === undefined) {
      const share =
        this.#requested ?? (auto && --this.#untilLook <= 0 ? this.#parts.sharePerMinute : undefined);
      if (share === undefined) return;
      this.#untilLook = AUTO_STEPS;
      const requested = this.#requested;
      const average = await this.#average();
      // Asked for something else meanwhile: that is for the next step.
      if (this.#requested !== requested) return;
      this.#requested = undefined;
      const here = this.#here();
      if (average === undefined || here <= average * TOLERANCE || here - average < 1) return;
      const perStep = (here * share * this.#stepMs) / 60_000;
      this.#campaign = { perStep, goal: Math.ceil(average), allowance: 0, sent: 0 };
      log.info({ connections: here, goal: this.#campaign.goal, perStep }, 'giving up connections');
    }
    await this.#giveUp(this.#campaign);
  }

  async #giveUp(campaign: Campaign): Promise<void> {
    const average = await this.#average();
    // Started anew, or ended, meanwhile.
    if (this.#campaign !== campaign || this.#closed) return;
    // Who was sent away and is not back yet is counted nowhere: that must not lower the goal.
    campaign.goal = Math.max(campaign.goal, Math.ceil(average ?? Number.POSITIVE_INFINITY));
    const excess = this.#here() - campaign.goal;
    if (excess <= 0) {
      this.#parts.log.info({ sent: campaign.sent }, 'gave up connections');
      this.#campaign = undefined;
      return;
    }
    campaign.allowance += campaign.perStep;
    let left = Math.min(excess, Math.floor(campaign.allowance));
    campaign.allowance -= left;
    for (const seat of this.#parts.connections.seats()) {
      if (left <= 0) return;
      if (seat.ending || seat.connection === undefined) continue;
      sendAway(seat, 'rebalance');
      campaign.sent++;
      left--;
    }
  }

  /** Those who stay if nobody else goes. */
  #here(): number {
    let here = 0;
    for (const seat of this.#parts.connections.seats()) {
      if (!seat.ending && seat.connection !== undefined) here++;
    }
    return here;
  }

  /** Of the nodes that take connections, this one included; undefined when it is the only one. */
  async #average(): Promise<number | undefined> {
    const { nodes, nodeId } = this.#parts;
    const others = (await nodes.nodes()).filter((node) => node.state === 'ready' && node.nodeId !== nodeId);
    if (others.length === 0) return undefined;
    const sum = others.reduce((total, node) => total + node.connections, this.#here());
    return sum / (others.length + 1);
  }
}
