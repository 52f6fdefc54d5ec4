/** See `NodeFigures` in `@chorus/control`: counts since the node's start, times in milliseconds. */
export interface Figures {
  at: number;
  connectionsLimit: number;
  messagesIn: number;
  messagesOut: number;
  relays: number;
  relayMs: number;
  probeMs: number | null;
  eventLoopDelayMs: number;
  processorShare: number;
  rssBytes: number;
  reconnectRequests: number;
  drainedFrom: number | null;
}

/** One gateway as `GET /nodes` returns it. One of an older version has no figures. */
export interface GatewayNode {
  nodeId: string;
  state: 'ready' | 'degraded' | 'draining';
  connections: number;
  rooms: number;
  startedAt: string;
  figures: Figures | null;
}

export interface BusyRoom {
  id: number;
  name: string | null;
  members: number;
}

/** The API refused or did not answer. Status 0: it could not be reached. */
export class OperatorError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const ANSWER_MS = 5_000;

/** The operator API, with a token. Every call rejects with an {@link OperatorError}. */
export class OperatorClient {
  constructor(private readonly token: string) {}

  async nodes(): Promise<GatewayNode[]> {
    return (await this.ask<{ nodes: GatewayNode[] }>('GET', '/nodes')).nodes;
  }

  async busiestRooms(limit: number): Promise<BusyRoom[]> {
    return (await this.ask<{ rooms: BusyRoom[] }>('GET', `/rooms?limit=${limit}`)).rooms;
  }

  async drain(nodeId: string, on: boolean): Promise<void> {
    await this.ask(on ? 'POST' : 'DELETE', `/nodes/${encodeURIComponent(nodeId)}/drain`);
  }

  /** @param sharePerMinute above 0, up to 1 */
  async rebalance(sharePerMinute: number): Promise<void> {
    await this.ask('POST', '/rebalance', { sharePerMinute });
  }

  async broadcast(content: string): Promise<void> {
    await this.ask('POST', '/broadcast', { content });
  }

  /** Sends any request. @returns the body of the answer; undefined if there is none */
  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: 'omit',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      answer = response.status === 204 ? undefined : await response.json();
    } catch {
      throw new OperatorError(0, 'the API does not answer');
    }
    if (!response.ok) throw new OperatorError(response.status, (answer as { error: string }).error);
    return answer as T;
  }
}
