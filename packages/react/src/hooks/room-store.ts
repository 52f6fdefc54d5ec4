import {
  type Delivery,
  isAfter,
  type LeftReason,
  type Room,
  type RoomStatus,
  type SendOptions,
  type SentMessage,
} from '@chorus/client';
import { Store } from '../store.js';
import { type SharedUse, sourceOf } from './room-source.js';

/** What {@link useRoom} returns. */
export interface RoomState {
  /** For functions of `@chorus/client` such as `edit` and `react`. Undefined in the first render, and on a server. */
  readonly room: Room | undefined;
  readonly status: RoomStatus;
  /** Set once the room was left. */
  readonly leftReason: LeftReason | undefined;
  /** The user's own messages that are not among the messages of the room yet, in the order in which they are sent, and those that failed. */
  readonly pending: readonly Delivery[];
  /**
   * Sends a message; see `Room.send` of the client. The room stays joined until the message is answered, also if the component unmounts.
   * @throws {ChorusError} (rejects) when it failed for good; a caller may ignore the promise, because `pending` has the message then
   */
  readonly send: (content: string, options?: SendOptions) => Promise<SentMessage>;
  /** Sends a failed message again. Ignores other messages. */
  readonly retry: (clientMsgId: string) => void;
  /** Removes a failed message. Ignores other messages. */
  readonly discard: (clientMsgId: string) => void;
}

const NONE: readonly Delivery[] = [];

export function roomStore(shared: SharedUse): Store<RoomState> {
  let current: Room | undefined;
  let changed = (): void => {};
  const actions = {
    send: (content: string, options?: SendOptions): Promise<SentMessage> => shared.send(content, options),
    retry: (clientMsgId: string): void => current?.retry(clientMsgId),
    discard: (clientMsgId: string): void => {
      current?.discard(clientMsgId);
      changed();
    },
  };
  const initial: RoomState = {
    ...{ room: undefined, status: 'joining', leftReason: undefined, pending: NONE },
    ...actions,
  };
  return new Store(initial, (onChange) => {
    changed = onChange;
    let pending = NONE;
    return sourceOf<RoomState>(shared, { ...initial, status: 'left', leftReason: 'closed' }, (room) => {
      current = room;
      // A message that was acknowledged before it has arrived is pending until then.
      const offs = (['status', 'delivery', 'message'] as const).map((type) => room.on(type, onChange));
      return {
        read: () => {
          const now = room.deliveries.filter(
            ({ position }) => !position || !room.position || isAfter(position, room.position),
          );
          if (now.length !== pending.length || now.some((each, index) => each !== pending[index]))
            pending = now;
          const { status, leftReason } = room;
          return { room, status, leftReason, pending, ...actions };
        },
        stop: () => {
          for (const off of offs) off();
          current = undefined;
        },
      };
    });
  });
}
