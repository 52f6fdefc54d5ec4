import { createHash, randomBytes } from 'node:crypto';
import type { Handshake } from '../../dialect.js';

/** RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_HEAD_BYTES = 16_384;
const MAX_BODY_BYTES = 4_096;
const END_OF_HEAD = '\r\n\r\n';

export type UpgradeAnswer =
  /** `rest` is the start of frames in what was read. */
  | { readonly done: 'accepted'; readonly rest: Buffer }
  /** `retryAfterMs` is from the `Retry-After` header; 0 without one. */
  | { readonly done: 'refused'; readonly why: string; readonly retryAfterMs: number };

/** One upgrade request, and the reading of its response. */
export class Upgrade {
  readonly request: string;
  readonly #key = randomBytes(16).toString('base64');
  readonly #protocols: readonly string[];
  #read = Buffer.alloc(0);

  constructor(host: string, { path, headers, protocols }: Handshake) {
    this.#protocols = protocols;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${this.#key}`,
      ...(protocols.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${protocols.join(', ')}`]),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    this.request = lines.join('\r\n') + END_OF_HEAD;
  }

  /**
   * Takes what arrived; undefined as long as the response is incomplete.
   * @param ended nothing more will arrive
   */
  read(bytes: Uint8Array, ended = false): UpgradeAnswer | undefined {
    this.#read = Buffer.concat([this.#read, bytes]);
    const end = this.#read.indexOf(END_OF_HEAD);
    if (end === -1) {
      if (this.#read.length > MAX_HEAD_BYTES) return refused('the answer to the upgrade is no HTTP');
      return ended ? refused('closed during the upgrade') : undefined;
    }
    const [statusLine = '', ...lines] = this.#read.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const rest = this.#read.subarray(end + END_OF_HEAD.length);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1];
    if (status === '101') {
      const flaw = this.#flaw(headers);
      return flaw === undefined ? { done: 'accepted', rest } : refused(flaw);
    }
    if (status === undefined) return refused('the answer to the upgrade is no HTTP/1.1');
    const length = Math.min(Number(headers.get('content-length') ?? 0), MAX_BODY_BYTES);
    if (rest.length < length && !ended) return undefined;
    const retryAfterMs = Number(headers.get('retry-after') ?? 0) * 1_000;
    return refused(`HTTP ${status}${errorIn(rest.toString('utf8', 0, length))}`, retryAfterMs || 0);
  }

  /** Returns what is wrong with a 101. */
  #flaw(headers: ReadonlyMap<string, string>): string | undefined {
    const tokens = (name: string): string[] =>
      (headers.get(name) ?? '').split(',').map((token) => token.trim().toLowerCase());
    if (!tokens('upgrade').includes('websocket') || !tokens('connection').includes('upgrade')) {
      return 'the answer is no upgrade to a WebSocket';
    }
    const accept = createHash('sha1')
      .update(this.#key + GUID)
      .digest('base64');
    if (headers.get('sec-websocket-accept') !== accept) return 'the answer is to another upgrade';
    if ((headers.get('sec-websocket-extensions') ?? '') !== '') return 'the server chose an extension';
    const protocol = headers.get('sec-websocket-protocol');
    if (protocol === undefined) {
      return this.#protocols.length === 0 ? undefined : 'the server speaks none of the protocols';
    }
    return this.#protocols.includes(protocol) ? undefined : `the server chose the protocol ${protocol}`;
  }
}

function refused(why: string, retryAfterMs = 0): UpgradeAnswer {
  return { done: 'refused', why, retryAfterMs };
}

/** Returns the reason of a server's error body, if it has the form of ours. */
function errorIn(body: string): string {
  const error = /"error":\s*"([^"]{1,100})"/.exec(body)?.[1];
  return error === undefined ? '' : ` ${error}`;
}
