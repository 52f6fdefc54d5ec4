import type { ChorusClient, MessageListOptions, Room, SendOptions, SentMessage } from '@chorus/client';
import { messagesStore } from './hooks/messages-store.js';
import { peopleStore } from './hooks/people-store.js';
import type { SharedUse } from './hooks/room-source.js';
import { roomStore } from './hooks/room-store.js';

/** A room, joined while something uses it. A room that the application had joined itself stays joined. */
export class SharedRoom implements SharedUse {
  readonly state = roomStore(this);
  readonly typists = peopleStore(this, 'typing', 'typists');
  readonly members = peopleStore(this, 'members', 'members');
  readonly #client: ChorusClient;
  readonly #id: number;
  readonly #messages = new Map<string, ReturnType<typeof messagesStore>>();
  #room: Room | undefined;
  #uses = 0;
  #joinedHere = false;

  constructor(client: ChorusClient, id: number) {
    this.#client = client;
    this.#id = id;
  }

  use(): Room {
    if (!this.#room || this.#room.status === 'left') {
      const joinedHere = !this.#client.rooms.has(this.#id);
      this.#room = this.#client.join(this.#id);
      this.#joinedHere = joinedHere;
    }
    this.#uses++;
    return this.#room;
  }

  release(): void {
    if (--this.#uses > 0) return;
    if (this.#joinedHere) this.#room?.leave();
    this.#room = undefined;
  }

  /** Components with equal options share one list. */
  messages(options: MessageListOptions): ReturnType<typeof messagesStore> {
    const key = JSON.stringify([options.keep, options.changes]);
    let store = this.#messages.get(key);
    if (!store) {
      store = messagesStore(this, options);
      this.#messages.set(key, store);
    }
    return store;
  }

  send(content: string, options?: SendOptions): Promise<SentMessage> {
    const sent = this.#send(content, options);
    // A caller that ignores the promise sees the failure among the pending messages.
    sent.catch(() => {});
    return sent;
  }

  readonly typing = (): void => this.#room?.typing();

  async #send(content: string, options?: SendOptions): Promise<SentMessage> {
    const room = this.use();
    try {
      return await room.send(content, options);
    } finally {
      this.release();
    }
  }
}
