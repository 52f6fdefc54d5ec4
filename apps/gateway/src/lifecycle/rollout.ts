import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeRegistry, NodeReport } from '@chorus/control';
import type { Logger } from '@chorus/service';

/** This gateway among the others. */
export interface OwnRevision {
  readonly nodeId: string;
  /** Name of the deployed version and settings; undefined if it is not known, which turns everything here off. */
  readonly revision: string | undefined;
}

/**
 * Whether gateways of this revision are being replaced: some still accept clients, and others of another revision are
 * ready. A client that this gateway asks to reconnect may then get to a gateway that ends next, and have to move twice.
 *
 * It makes no difference which revision is the newer one, so it also holds for a roll-back in the middle of a rollout:
 * each side waits until all of its own end, or all of the others do.
 */
export function isBeingReplaced(nodes: readonly NodeReport[], { nodeId, revision }: OwnRevision): boolean {
  if (revision === undefined) return false;
  const accepting = nodes.filter((node) => node.nodeId !== nodeId && node.state !== 'draining');
  return (
    accepting.some((node) => node.revision === revision) &&
    accepting.some((node) => isOther(node, revision) && node.state === 'ready')
  );
}

/** Whether a rollout is in progress: there are several revisions, and gateways of at least one of them are draining. */
export function isRollingOut(nodes: readonly NodeReport[]): boolean {
  return revisionsOf(nodes).length > 1 && nodes.some(({ state }) => state === 'draining');
}

/** Revisions of the gateways that report one, in ascending order. */
export function revisionsOf(nodes: readonly NodeReport[]): string[] {
  const revisions = nodes.flatMap(({ revision }) => (revision === undefined ? [] : [revision]));
  return [...new Set(revisions)].sort();
}

function isOther({ revision }: NodeReport, own: string): boolean {
  return revision !== undefined && revision !== own;
}

export interface RolloutHoldParts extends OwnRevision {
  readonly nodes: Pick<NodeRegistry, 'nodes'>;
  /** Longest time that {@link RolloutHold.wait} takes, in milliseconds. */
  readonly maxMs: number;
  /** Time that load balancers get to notice that a gateway is not ready, in milliseconds. */
  readonly delayMs: number;
  readonly log: Logger;
  /** Interval between two reads of the list of gateways, in milliseconds. */
  readonly stepMs?: number;
}

const STEP_MS = 1_000;
/** Consecutive failed reads of the list after which a gateway lets its clients go: it may be cut off from Redis alone. */
const FAILED_READS = 10;

/** Lets a gateway that ends keep its sockets while others of its revision still have to end. */
export class RolloutHold {
  readonly #parts: RolloutHoldParts;
  #failedReads = 0;

  constructor(parts: RolloutHoldParts) {
    this.#parts = parts;
  }

  /** Resolves when no other gateway of this revision accepts clients, or after the longest time. Never rejects. */
  async wait(): Promise<void> {
    const { revision, maxMs, delayMs, log, stepMs = STEP_MS } = this.#parts;
    const start = performance.now();
    const left = (): number => Math.max(0, start + maxMs - performance.now());
    this.#failedReads = FAILED_READS;
    if (revision === undefined || !(await this.#mustWait())) return;
    log.info({ revision, maxMs }, 'keeping sockets until all gateways of this revision end');
    while (left() > 0) {
      await sleep(Math.min(stepMs, left()));
      if (await this.#mustWait()) continue;
      // The last one of this revision has just begun to end: its balancers still have to notice.
      await sleep(Math.min(delayMs, left()));
      break;
    }
    log.info({ ms: Math.round(performance.now() - start) }, 'kept sockets during the rollout');
  }

  async #mustWait(): Promise<boolean> {
    if (this.#parts.maxMs === 0) return false;
    try {
      const nodes = await this.#parts.nodes.nodes();
      this.#failedReads = 0;
      return isBeingReplaced(nodes, this.#parts);
    } catch (error) {
      this.#parts.log.debug({ error: String(error) }, 'the list of gateways could not be read');
      return ++this.#failedReads < FAILED_READS;
    }
  }
}
