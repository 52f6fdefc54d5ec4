import { Agent, request } from 'node:http';
import type { Closeable } from '@chorus/service';
import { steadily } from '../gateway/load.js';

/** Sends GET requests with a token over kept connections. */
export class Client implements Closeable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(
    private readonly port: number,
    private readonly token: string,
  ) {}

  /** Returns the body. @throws for a status other than 200 */
  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.token}` };
      const to = { host: '127.0.0.1', port: this.port, path, agent: this.#agent, headers };
      const sent = request(to, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${path}: ${response.statusCode} ${text}`));
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  /**
   * Sends a number of requests at a steady rate, however long they take.
   * @returns the time of each, ascending, in milliseconds
   */
  async atRate(perSecond: number, path: (at: number) => string, count: number): Promise<number[]> {
    const requests: Promise<number>[] = [];
    await new Promise<void>((resolve) => {
      const stop = steadily(perSecond, (at) => {
        if (at >= count) return;
        requests.push(this.#timed(path(at)));
        if (at < count - 1) return;
        stop();
        resolve();
      });
    });
    return (await Promise.all(requests)).sort((a, b) => a - b);
  }

  /** Sends a number of requests without a pause, some of them at a time. */
  async repeat(path: (at: number) => string, count: number, atOnce: number): Promise<void> {
    let next = 0;
    const loop = async (): Promise<void> => {
      while (next < count) await this.get(path(next++));
    };
    await Promise.all(Array.from({ length: atOnce }, loop));
  }

  async #timed(path: string): Promise<number> {
    const started = performance.now();
    await this.get(path);
    return performance.now() - started;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }
}
