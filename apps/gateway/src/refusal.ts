import type { Answer } from './transport.js';

/** Thrown on the way to an upgrade; becomes the HTTP answer. */
export class Refusal extends Error {
  override name = 'Refusal';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get answer(): Answer {
    return { status: this.status, body: { error: this.message }, headers: this.headers };
  }
}
