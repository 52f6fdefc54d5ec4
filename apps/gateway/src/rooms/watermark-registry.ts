import type { Broker, Position } from '@chorus/broker';
import type { Logger } from '@chorus/service';
import { Watermark, type WatermarkParts } from './watermark.js';

/** Time without a rise after which a watermark is read again while a session waits, in milliseconds. */
const QUIET_MS = 3_000;

/** Maximum number of concurrent queries to the broker. */
const AT_A_TIME = 50;

/**
 * The watermarks of the rooms of this node. Notices of archivers can be lost, so watermarks for which sessions wait in
 * vain are read from the broker.
 */
export class WatermarkRegistry {
  readonly #parts: WatermarkParts;
  readonly #timer: NodeJS.Timeout;
  #reading = false;

  constructor(
    broker: Pick<Broker, 'stored'>,
    private readonly log: Logger,
    private readonly quietMs = QUIET_MS,
  ) {
    this.#parts = {
      read: (roomId) => broker.stored(roomId),
      awaited: new Set(),
      now: () => performance.now(),
    };
    this.#timer = setInterval(() => void this.#readQuiet(), quietMs / 2).unref();
  }

  /** The watermark of a room that comes into use. */
  open(roomId: number): Watermark {
    return new Watermark(roomId, this.#parts);
  }

  /** Number of watermarks that sessions wait for. */
  get awaited(): number {
    return this.#parts.awaited.size;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #readQuiet(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const quiet = [...this.#parts.awaited].filter((watermark) => watermark.isDue(this.quietMs));
    try {
      while (quiet.length > 0) {
        await Promise.all(
          quiet.splice(0, AT_A_TIME).map((watermark): Promise<Position> => watermark.refresh()),
        );
      }
    } catch (error) {
      this.log.debug({ error: String(error) }, 'watermarks could not be read');
    }
    this.#reading = false;
  }
}
