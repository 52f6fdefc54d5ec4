/** What the messages tell that a node sends itself; plain numbers, for metrics. See {@link DeliveryProbe}. */
export class ProbeStats {
  /** Probes that did not come back in time, or could not be sent, since the start. */
  failures = 0;
  /** Called with each round trip, in milliseconds. */
  onReturn: ((ms: number) => void) | undefined;
  #lastMs = 0;
  /** By channel, since when the oldest probe is under way, and by which connection it is to come back. */
  readonly #pending = new Map<string, { sentAt: number; link: object | undefined }>();

  /** How long the last probe took, or one that is still under way if that is longer; in milliseconds. */
  get lagMs(): number {
    const now = performance.now();
    let lag = this.#lastMs;
    for (const { sentAt } of this.#pending.values()) lag = Math.max(lag, now - sentAt);
    return lag;
  }

  /** @param link by which it is to come back; undefined when there is none, so that it will not */
  sent(channel: string, link: object | undefined): void {
    const pending = this.#pending.get(channel);
    // What comes back next answers the oldest one, unless that one is lost with its connection.
    if (pending !== undefined && (link === undefined || pending.link === link)) return;
    this.#pending.set(channel, { sentAt: performance.now(), link });
  }

  heard(channel: string): void {
    const pending = this.#pending.get(channel);
    if (pending === undefined) return;
    this.#pending.delete(channel);
    this.#lastMs = performance.now() - pending.sentAt;
    this.onReturn?.(this.#lastMs);
  }

  failed(): void {
    this.failures++;
  }
}
