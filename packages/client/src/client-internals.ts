import type { V1ServerFrame } from '@chorus/protocol/types';
import type { RoomHost } from './room/room-host.js';

/** What parts of a client need that applications load only if they import them. */
export interface ClientInternals extends RoomHost {
  /** Receive every frame, after the client and its rooms. */
  readonly taps: Set<(frame: V1ServerFrame) => void>;
}
