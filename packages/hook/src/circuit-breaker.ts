/** Failures in a row after which no further requests are made for a while. */
const FAILURES = 10;
/** Time without requests after them, in milliseconds. */
const OPEN_MS = 1_000;

/**
 * Spares an endpoint that keeps failing, and senders the wait for it: after some failures in a row it is open for a second. Then one
 * request is made, whose outcome closes it or keeps it open for another second.
 */
export class CircuitBreaker {
  #failures = 0;
  /** Undefined while it is closed; milliseconds of `performance.now()`. */
  #openUntil: number | undefined;
  #trial = false;

  get isOpen(): boolean {
    return this.#openUntil !== undefined;
  }

  /** Whether a request may be made; its outcome must be reported. @param now milliseconds of `performance.now()` */
  admits(now: number): boolean {
    if (this.#openUntil === undefined) return true;
    if (this.#trial || now < this.#openUntil) return false;
    this.#trial = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = undefined;
    this.#trial = false;
  }

  /** @param now as for {@link admits} */
  failed(now: number): void {
    this.#failures++;
    this.#trial = false;
    if (this.#failures >= FAILURES) this.#openUntil = now + OPEN_MS;
  }
}
