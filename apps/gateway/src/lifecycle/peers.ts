import type { NodeRegistry } from '@chorus/control';

/** Most gateways that are asked at a time: a sample tells as much. */
const MAX_ASKED = 16;
/** How long one may take to answer, in milliseconds. */
const ANSWER_MS = 2_000;

/**
 * The other gateways, as the registry last named them. So they can be asked how they are when the registry itself cannot be
 * reached.
 */
export class Peers {
  #urls: readonly string[] = [];

  /** @param ownUrl where this gateway is reached; an earlier process at this address may still be registered */
  constructor(
    private readonly nodeId: string,
    private readonly nodes: Pick<NodeRegistry, 'nodes'>,
    private readonly ownUrl: () => string | undefined,
  ) {}

  /** How many are known. */
  get size(): number {
    return this.#urls.length;
  }

  /** Reads who is there. Rejects while the registry cannot be reached; those known before are kept then. */
  async refresh(): Promise<void> {
    const urls = (await this.nodes.nodes())
      .filter(({ nodeId, state }) => nodeId !== this.nodeId && state !== 'draining')
      .flatMap(({ url }) => (url === undefined || url === this.ownUrl() ? [] : [url]));
    this.#urls = [...new Set(urls)];
  }

  /** Asks them. Resolves with whether at least half say that they are ready; false when there are none. Never rejects. */
  async areWell(): Promise<boolean> {
    const asked = sample(this.#urls, MAX_ASKED);
    const answers = await Promise.all(asked.map(isReady));
    return asked.length > 0 && answers.filter((ready) => ready).length * 2 >= asked.length;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(ANSWER_MS) });
    const body: unknown = await response.json();
    // One that has trouble of its own answers 200, too.
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
