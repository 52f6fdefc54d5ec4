import type { Connection, Gateway } from '@chorus/gateway';

/** Sockets without a client: they count on their gateway, and move to another one of this process when asked to. */
export class SimulatedSockets {
  readonly #gateways: readonly Gateway[];
  readonly #moving = new Set<NodeJS.Timeout>();
  #userId = 1;
  #closed = false;

  constructor(gateways: readonly Gateway[]) {
    this.#gateways = gateways;
  }

  /** Closes all, and opens these numbers, in the order of the gateways. */
  fill(numbers: readonly number[]): void {
    for (const [at, gateway] of this.#gateways.entries()) {
      for (const slot of [...gateway.connections.slots()]) slot.release();
      for (let count = numbers[at] ?? 0; count > 0; count--) this.#open(gateway);
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#moving) clearTimeout(timer);
  }

  #open({ connections }: Gateway): void {
    const user = { id: this.#userId++, username: 'simulated' };
    const slot = connections.take('192.0.2.1');
    slot.claim({ user, token: undefined });
    const connection: Connection = {
      id: slot.id,
      user,
      address: slot.address,
      queuedBytes: 0,
      roomIds: [],
      tokenId: undefined,
      generation: undefined,
      expiresAt: undefined,
      close: () => slot.release(),
      requestReconnect: (afterMs) => {
        slot.release();
        if (this.#closed) return;
        const timer = setTimeout(() => {
          this.#moving.delete(timer);
          this.#open(this.#emptiest());
        }, afterMs);
        this.#moving.add(timer);
      },
      removeFromRoom: () => undefined,
      broadcast: () => undefined,
    };
    slot.open(connection);
  }

  #emptiest(): Gateway {
    return this.#gateways.reduce((least, gateway) =>
      gateway.connections.size < least.connections.size ? gateway : least,
    );
  }
}
