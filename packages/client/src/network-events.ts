/** The platform's word that the network is there, or is not: in browsers; nothing in Node. */
export class NetworkEvents {
  #listening = false;

  /** @param onChange told whether there is a network now */
  constructor(private readonly onChange: (online: boolean) => void) {}

  readonly #heard = ({ type }: Event): void => this.onChange(type !== 'offline');

  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    globalThis.addEventListener?.('online', this.#heard);
    globalThis.addEventListener?.('offline', this.#heard);
  }

  ignore(): void {
    this.#listening = false;
    globalThis.removeEventListener?.('online', this.#heard);
    globalThis.removeEventListener?.('offline', this.#heard);
  }
}
