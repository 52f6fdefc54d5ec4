import type { V1ServerFrame } from '@chorus/protocol/types';
import type { ReconnectorOptions } from './connection/reconnector.js';
import type { RoomHost } from './room/room-host.js';

/** What the parts of a client need from it, also those that applications load only if they import them. */
export interface ClientInternals extends RoomHost, ReconnectorOptions {
  /** Receive every frame, after the client and its rooms. */
  readonly taps: Set<(frame: V1ServerFrame) => void>;
}
