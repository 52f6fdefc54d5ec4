import type { V1ServerFrame } from '@chorus/protocol/types';
import type { RoomHost } from './room/room-host.js';

/** What parts of a client need that applications load only if they import them. */
export interface ClientInternals extends RoomHost {
  /** Receive every frame, after the client and its rooms. */
  readonly taps: Set<(frame: V1ServerFrame) => void>;
}

const internals = new WeakMap<object, ClientInternals>();

export function publishInternals(client: object, own: ClientInternals): void {
  internals.set(client, own);
}

/** @throws {TypeError} for an object that is not a client */
export function internalsOf(client: object): ClientInternals {
  const found = internals.get(client);
  if (found === undefined) throw new TypeError('not a ChorusClient');
  return found;
}
