/** Results of a node's delivery probes; plain numbers, for metrics. See {@link DeliveryProbe}. */
export class ProbeStats {
  /** Probes that did not return in time, or could not be sent, since the start. */
  failures = 0;
  /** Called with each round trip, in milliseconds. */
  onReturn: ((ms: number) => void) | undefined;
  #lastMs = 0;
  /** By channel, when the oldest probe in flight was sent, and the connection that has to deliver it. */
  readonly #pending = new Map<string, { sentAt: number; link: object | undefined }>();

  /** @param now milliseconds since an arbitrary moment */
  constructor(private readonly now = () => performance.now()) {}

  /** Round trip of the last probe, or the age of the one in flight if that is longer; in milliseconds. */
  get lagMs(): number {
    const now = this.now();
    let lag = this.#lastMs;
    for (const { sentAt } of this.#pending.values()) lag = Math.max(lag, now - sentAt);
    return lag;
  }

  /** @param link connection that has to deliver it; undefined if there is none: the probe will be missed */
  sent(channel: string, link: object | undefined): void {
    const pending = this.#pending.get(channel);
    // The next arrival answers the oldest probe, unless that one was lost with its connection.
    if (pending !== undefined && (link === undefined || pending.link === link)) return;
    this.#pending.set(channel, { sentAt: this.now(), link });
  }

  heard(channel: string): void {
    const pending = this.#pending.get(channel);
    if (pending === undefined) return;
    this.#pending.delete(channel);
    this.#lastMs = this.now() - pending.sentAt;
    this.onReturn?.(this.#lastMs);
  }

  failed(): void {
    this.failures++;
  }
}
