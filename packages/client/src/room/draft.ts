import type { ChorusError } from '../chorus-error.js';
import type { Delivery, SentMessage } from '../types.js';
import type { Moment } from './moment.js';
import type { Fallback, MessageOperation, SendOptions } from './room.js';

/** A frame without the id of the room and its own id. */
export type OutboxFrame =
  | MessageOperation
  | ({ readonly type: 'publish'; readonly content: string } & Pick<
      SendOptions,
      'mentions' | 'data' | 'replyTo'
    >);

/** A message of the application, from `send` until it is stored or discarded; or a change, until it is answered. */
export interface Draft {
  readonly frame: OutboxFrame;
  /** Makes the change in another way, if the gateway cannot. */
  readonly onRefused: Fallback | undefined;
  /** What the application sees of a message. Each change makes a new object. */
  delivery: Delivery;
  /** When it was last sent. */
  sent: Moment | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve(sent: SentMessage): void;
  reject(error: ChorusError): void;
}

export function isMessage({ frame }: Draft): boolean {
  return frame.type === 'publish';
}
