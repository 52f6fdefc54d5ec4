import type { Broker, Position } from '@chorus/broker';
import type { Logger } from '@chorus/service';
import { Watermark, type WatermarkParts } from './watermark.js';

/** How long a watermark may stay as it is while a session waits, before it is read again; in milliseconds. */
const QUIET_MS = 3_000;

/** Questions to the broker at a time. */
const AT_A_TIME = 50;

/**
 * The watermarks of the rooms of this node. What archivers tell can be lost; so those for which somebody has
 * been waiting in vain are asked for.
 */
export class WatermarkRegistry {
  readonly #parts: WatermarkParts;
  readonly #timer: NodeJS.Timeout;
  #asking = false;

  constructor(
    broker: Pick<Broker, 'stored'>,
    private readonly log: Logger,
    private readonly quietMs = QUIET_MS,
  ) {
    this.#parts = {
      ask: (roomId) => broker.stored(roomId),
      awaited: new Set(),
      now: () => performance.now(),
    };
    this.#timer = setInterval(() => void this.#askForQuiet(), quietMs / 2).unref();
  }

  /** Of a room that has come into use. */
  open(roomId: number): Watermark {
    return new Watermark(roomId, this.#parts);
  }

  /** Rooms that sessions wait for. */
  get awaited(): number {
    return this.#parts.awaited.size;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #askForQuiet(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const quiet = [...this.#parts.awaited].filter((watermark) => watermark.isDue(this.quietMs));
    try {
      while (quiet.length > 0) {
        await Promise.all(
          quiet.splice(0, AT_A_TIME).map((watermark): Promise<Position> => watermark.refresh()),
        );
      }
    } catch (error) {
      this.log.debug({ error: String(error) }, 'could not ask what is stored');
    }
    this.#asking = false;
  }
}
