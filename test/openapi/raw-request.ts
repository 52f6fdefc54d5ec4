import { Agent, request } from 'node:http';

/** A request as it goes over the wire, whether or not it makes sense. */
export interface RawRequest {
  readonly method: string;
  /** With the query; encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const TIMEOUT_MS = 20_000;

/** Sends it. Unlike `fetch` it lets every header, path and body through that HTTP itself does. */
export function send(url: string, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, path, headers, agent, timeout: TIMEOUT_MS });
    let answered = false;
    asking.on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: headersOf(response.rawHeaders), text: '' });
    });
    asking.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: headersOf(response.rawHeaders), text });
      });
    });
    // A server that has refused a body may close while it is still being sent.
    asking.on('error', (error) => answered || reject(error));
    asking.end(body);
  });
}

/** Ends what is kept open. */
export function closeRequests(): void {
  agent.destroy();
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at < raw.length; at += 2) headers.append(raw[at] ?? '', raw[at + 1] ?? '');
  return headers;
}
