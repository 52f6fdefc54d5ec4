import type { ChorusClient } from '@chorus/client';
import { chorusStore } from './hooks/chorus-store.js';
import { inboxStore } from './hooks/inbox-store.js';
import { SharedRoom } from './shared-room.js';

/** What all components share of a client. */
class SharedClient {
  readonly chorus;
  readonly #client: ChorusClient;
  readonly #rooms = new Map<number, SharedRoom>();
  #inbox: ReturnType<typeof inboxStore> | undefined;

  constructor(client: ChorusClient) {
    this.#client = client;
    this.chorus = chorusStore(client);
  }

  /** @param options are those of the first call */
  inbox(options?: Parameters<typeof inboxStore>[1]): ReturnType<typeof inboxStore> {
    this.#inbox ??= inboxStore(this.#client, options);
    return this.#inbox;
  }

  /** Returns always the same object for a room: components may subscribe to it again at any time. */
  room(id: number): SharedRoom {
    let room = this.#rooms.get(id);
    if (!room) {
      room = new SharedRoom(this.#client, id);
      this.#rooms.set(id, room);
    }
    return room;
  }
}

const clients = new WeakMap<ChorusClient, SharedClient>();

export function shared(client: ChorusClient): SharedClient {
  let found = clients.get(client);
  if (!found) {
    found = new SharedClient(client);
    clients.set(client, found);
  }
  return found;
}
