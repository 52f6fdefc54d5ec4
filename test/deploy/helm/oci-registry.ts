import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface Stored {
  readonly content: Buffer;
  readonly type: string;
}

/**
 * A registry in memory, for one client at a time: as much of the OCI Distribution Specification 1.1 as pushing and
 * pulling need (https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md).
 */
export class OciRegistry {
  /** Blobs by digest, manifests by digest and by tag, each after the name of its repository. */
  private readonly stored = new Map<string, Stored>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<OciRegistry> {
    const registry = new OciRegistry();
    await new Promise<void>((resolve) => registry.server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** Host and port, as in a reference. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Names of the manifests with a tag, as `repository:tag`. */
  get tags(): string[] {
    return [...this.stored.keys()].filter((key) => !key.includes('@')).sort();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    if (url.pathname === '/v2/') return end(response, 200);
    const [, repository, kind, reference = ''] =
      /^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (repository === undefined || kind === undefined) return end(response, 404);
    if (request.method === 'POST') {
      return end(response, 202, { location: `/v2/${repository}/blobs/uploads/1` });
    }
    const name = (what: string): string => `${repository}${what.includes(':') ? '@' : ':'}${what}`;
    if (request.method === 'PUT') {
      const content = await buffer(request);
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      const entry = { content, type: request.headers['content-type'] ?? 'application/octet-stream' };
      if (kind === 'blobs' && url.searchParams.get('digest') !== digest) return end(response, 400);
      this.stored.set(name(digest), entry);
      if (kind === 'manifests') this.stored.set(name(reference), entry);
      return end(response, 201, {
        location: `/v2/${repository}/${kind}/${digest}`,
        'docker-content-digest': digest,
      });
    }
    const found = this.stored.get(name(reference));
    if (found === undefined) return end(response, 404);
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': found.content.length,
      'docker-content-digest': `sha256:${createHash('sha256').update(found.content).digest('hex')}`,
    });
    response.end(request.method === 'HEAD' ? undefined : found.content);
  }
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-length': 0 });
  response.end();
}
