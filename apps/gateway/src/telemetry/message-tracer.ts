import type { BrokerListener, ControlEvent, Position, Published } from '@chorus/broker';
import type { Traces } from '@chorus/service';
import { drawOf, traceOf } from './message-trace-ids.js';

type Publish = (roomId: number, body: string, idempotencyKey?: string) => Promise<Published>;

/** Maximum number of arrivals remembered. A repeated message is never delivered, so its entry stays until evicted. */
const MAX_ARRIVED = 1_000;

/**
 * Records spans of traced messages: `publish` at the sender's node, until the message has its position, and `deliver`
 * at every node with sockets in the room, from the message's arrival on.
 */
export class MessageTracer {
  /** Arrival times of traced messages that are not delivered yet, by position; oldest first. */
  readonly #arrived = new Map<string, number>();

  /** @param now clock, as `performance.now()` */
  constructor(
    private readonly traces: Pick<Traces, 'share' | 'record'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Wraps `publish` and records its spans. */
  publishing(publish: Publish): Publish {
    return (roomId, body, idempotencyKey) => {
      const startedAt = this.now();
      const publishing = publish(roomId, body, idempotencyKey);
      publishing.then(
        (place) => {
          if (this.#isTraced(roomId, place)) this.#published(roomId, place, startedAt);
        },
        (error: unknown) => this.#failed(roomId, error, startedAt),
      );
      return publishing;
    };
  }

  /** Passes every event on to `listener` and notes the arrival of messages. */
  arriving(listener: BrokerListener): BrokerListener {
    return {
      onMessage: (roomId, position, frame) => {
        if (this.#isTraced(roomId, position)) this.#remember(roomId, position);
        listener.onMessage(roomId, position, frame);
      },
      onNotice: (roomId: number, frame: Uint8Array) => listener.onNotice(roomId, frame),
      onStored: (roomId: number, upTo: Position) => listener.onStored(roomId, upTo),
      onMoved: (roomId: number, to?: Position) => listener.onMoved?.(roomId, to),
      onControl: (event: ControlEvent) => listener.onControl(event),
      onResumed: () => listener.onResumed(),
    };
  }

  /** Records a delivery. @param sockets number of sockets that the message was published to; 0 records nothing */
  delivered(roomId: number, position: Position, sockets: number): void {
    if (!this.#isTraced(roomId, position)) return;
    const endedAt = this.now();
    const key = keyOf(roomId, position);
    const arrivedAt = this.#arrived.get(key);
    this.#arrived.delete(key);
    if (sockets === 0) return;
    const { traceId, spanId } = traceOf(roomId, position);
    this.traces.record({
      name: 'deliver',
      kind: 'consumer',
      startedAt: arrivedAt ?? endedAt,
      endedAt,
      attributes: {
        ...placeOf(roomId, position),
        'chorus.sockets': sockets,
        // The message did not arrive on the channel: it was read from the stream to fill a gap.
        ...(arrivedAt === undefined ? { 'chorus.repaired': true } : {}),
      },
      trace: { traceId, parentId: spanId },
    });
  }

  #isTraced(roomId: number, position: Position): boolean {
    return drawOf(roomId, position) < this.traces.share;
  }

  #remember(roomId: number, position: Position): void {
    this.#arrived.set(keyOf(roomId, position), this.now());
    if (this.#arrived.size <= MAX_ARRIVED) return;
    const [oldest] = this.#arrived.keys();
    if (oldest !== undefined) this.#arrived.delete(oldest);
  }

  #published(roomId: number, place: Published, startedAt: number): void {
    const { traceId, spanId } = traceOf(roomId, place);
    const repeated = place.repeated === true;
    this.traces.record({
      name: 'publish',
      kind: 'producer',
      startedAt,
      endedAt: this.now(),
      attributes: { ...placeOf(roomId, place), ...(repeated ? { 'chorus.repeated': true } : {}) },
      trace: repeated ? { traceId, parentId: spanId } : { traceId, spanId },
    });
  }

  /** A failed publish has no position, so it starts a trace with random ids. */
  #failed(roomId: number, error: unknown, startedAt: number): void {
    this.traces.record({
      name: 'publish',
      kind: 'producer',
      startedAt,
      endedAt: this.now(),
      attributes: { 'chorus.room': roomId },
      error: error instanceof Error ? error.name : 'Error',
    });
  }
}

const keyOf = (roomId: number, { epoch, seq }: Position): string => `${roomId} ${epoch}-${seq}`;

const placeOf = (roomId: number, { epoch, seq }: Position) => ({
  'chorus.room': roomId,
  'chorus.position': `${epoch}-${seq}`,
});
