import type { NodeRegistry } from '@chorus/control';

/** Maximum number of gateways queried at a time: a sample is sufficient. */
const MAX_QUERIED = 16;
/** Timeout of one query, in milliseconds. */
const QUERY_TIMEOUT_MS = 2_000;

/**
 * The other gateways, as last read from the registry. They can be queried while the registry itself cannot be reached.
 */
export class PeerGateways {
  #urls: readonly string[] = [];

  /** @param ownUrl URL of this gateway; the registry may still list an earlier process at this address */
  constructor(
    private readonly nodeId: string,
    private readonly nodes: Pick<NodeRegistry, 'nodes'>,
    private readonly ownUrl: () => string | undefined,
  ) {}

  /** Number of known gateways. */
  get size(): number {
    return this.#urls.length;
  }

  /**
   * Reads the gateways from the registry. Rejects, and keeps the previous ones, while the registry cannot be reached.
   */
  async refresh(): Promise<void> {
    const urls = (await this.nodes.nodes())
      .filter(({ nodeId, state }) => nodeId !== this.nodeId && state !== 'draining')
      .flatMap(({ url }) => (url === undefined || url === this.ownUrl() ? [] : [url]));
    this.#urls = [...new Set(urls)];
  }

  /** Resolves with whether at least half of the queried gateways are ready; false if there are none. Never rejects. */
  async areReady(): Promise<boolean> {
    const queried = sample(this.#urls, MAX_QUERIED);
    const answers = await Promise.all(queried.map(isReady));
    return queried.length > 0 && answers.filter((ready) => ready).length * 2 >= queried.length;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(QUERY_TIMEOUT_MS) });
    const body: unknown = await response.json();
    // A gateway that has trouble of its own answers 200, too.
    return (
      response.ok && typeof body === 'object' && body !== null && 'status' in body && body.status === 'ready'
    );
  } catch {
    return false;
  }
}

function sample<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  const first = Math.floor(Math.random() * all.length);
  return [...all.slice(first), ...all.slice(0, first)].slice(0, most);
}
