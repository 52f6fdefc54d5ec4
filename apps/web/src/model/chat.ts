import type { ChorusApi, ChorusClient, ConnectionState, Member } from '@chorus/client';
import { batch, computed, effect, signal } from '@preact/signals';
import { Conversation } from './conversation/conversation.js';
import { MentionSource } from './conversation/mention-source.js';
import { ListRefresh } from './list-refresh.js';
import { Names } from './names.js';
import { RoomList } from './room-list.js';
import type { Memory } from './storage.js';

/** Dependencies of a {@link Chat}. */
export interface ChatParts {
  readonly api: ChorusApi;
  /** Not connected yet; closed with the chat. */
  readonly client: ChorusClient;
  readonly me: Member;
  readonly memory: Memory;
}

/** A broadcast of the operator. */
export interface Notice {
  readonly id: number;
  readonly text: string;
}

/** What a signed-in user sees: one connection, and the rooms that are open over it. */
export class Chat {
  readonly me: Member;
  readonly memory: Memory;
  readonly names = new Names();
  readonly rooms: RoomList;
  readonly connection = signal<ConnectionState>({ status: 'idle' });
  /** By id, in the order in which they were opened. */
  readonly open = signal<ReadonlyMap<number, Conversation>>(new Map());
  /** The room in view. */
  readonly currentId = signal<number | undefined>(undefined);
  readonly current = computed(() => {
    const id = this.currentId.value;
    return id === undefined ? undefined : this.open.value.get(id);
  });
  readonly notices = signal<readonly Notice[]>([]);
  /** False while the browser reports that it is offline. */
  readonly online = signal(navigator.onLine);
  /** Over all open rooms. */
  readonly unread = computed(() =>
    [...this.open.value.values()].reduce((sum, { unread }) => sum + unread.value.count, 0),
  );
  readonly #api: ChorusApi;
  readonly #client: ChorusClient;
  #refresh: ListRefresh | undefined;
  readonly #endings: Array<() => void> = [];
  #lastNotice = 0;

  constructor({ api, client, me, memory }: ChatParts) {
    this.me = me;
    this.memory = memory;
    this.rooms = new RoomList(api);
    this.#api = api;
    this.#client = client;
    this.connection.value = client.state;
    this.#endings.push(
      client.on('state', (state) => {
        this.connection.value = state;
        if (state.status !== 'connected') this.#refresh?.disconnected();
      }),
      client.on('broadcast', (text) => {
        this.notices.value = [...this.notices.value, { id: ++this.#lastNotice, text }];
      }),
      client.on('rooms', (change) => {
        this.rooms.changed(change);
        this.#refresh?.notified(change.complete);
      }),
    );
  }

  /** Connects, and opens the rooms that were open the last time. */
  start(): void {
    this.#client.connect();
    for (const roomId of this.memory.openRooms()) this.#join(roomId);
    // Not one request per room: the list soon contains most of them, and the others are requested when they are
    // shown.
    void this.rooms.more().then(() => this.#lookAtUnknown());
    const isVisible = (): boolean => document.visibilityState === 'visible';
    const refresh = new ListRefresh({
      read: () => void this.rooms.refresh().then(() => this.#lookAtUnknown()),
      isVisible,
      random: Math.random,
    });
    this.#refresh = refresh;
    const onVisible = (): void => {
      if (isVisible()) refresh.shown();
    };
    const onNetwork = (): void => {
      this.online.value = navigator.onLine;
    };
    document.addEventListener('visibilitychange', onVisible);
    for (const type of ['online', 'offline']) addEventListener(type, onNetwork);
    this.#endings.push(
      () => {
        for (const type of ['online', 'offline']) removeEventListener(type, onNetwork);
      },
      () => refresh.close(),
      () => document.removeEventListener('visibilitychange', onVisible),
      effect(() => this.memory.keepOpenRooms(this.#openForGood())),
    );
  }

  /** Checks whether rooms are new, renamed or deleted. */
  refresh(): void {
    this.#refresh?.now();
  }

  /** Shows a room, and opens it if necessary; shows none if undefined. */
  show(roomId: number | undefined): void {
    if (roomId === this.currentId.value) return;
    batch(() => {
      this.current.value?.watch(false);
      this.currentId.value = roomId;
      if (roomId === undefined) return;
      const known = this.open.value.get(roomId);
      // A room that was left is joined again.
      if (known?.status.value === 'left') this.#forget(known);
      (this.open.value.get(roomId) ?? this.#join(roomId)).enter();
    });
    if (roomId !== undefined && !this.rooms.rooms.value.has(roomId)) void this.rooms.look(roomId);
  }

  /** Leaves and closes a room. */
  leave(roomId: number): void {
    const conversation = this.open.value.get(roomId);
    if (conversation === undefined) return;
    batch(() => {
      if (this.currentId.value === roomId) this.currentId.value = undefined;
      this.#forget(conversation);
    });
    this.memory.forgetRoom(roomId);
  }

  mentionSource(conversation: Conversation): MentionSource {
    const info = () => this.rooms.rooms.value.get(conversation.id);
    return new MentionSource({ conversation, api: this.#api, me: this.me, names: this.names, info });
  }

  /** Ends the wait for the next attempt to connect. */
  reconnectNow(): void {
    this.#client.connect();
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  /** Whether closing the page would lose something that was written. */
  get waiting(): boolean {
    return [...this.open.value.values()].some(({ waiting }) => waiting);
  }

  async close(): Promise<void> {
    for (const end of this.#endings.splice(0)) end();
    for (const conversation of this.open.value.values()) conversation.close(false);
    await this.#client.close();
  }

  #join(roomId: number): Conversation {
    const room = this.#client.join(roomId);
    const conversation = new Conversation(room, this.me, this.memory);
    // The room ends with the conversation, and so do its listeners.
    room.on('renamed', (name) => {
      conversation.name.value = name;
      this.rooms.named(roomId, name);
    });
    this.open.value = new Map([...this.open.value, [roomId, conversation]]);
    void conversation.begin();
    this.#endings.push(
      effect(() => {
        if (conversation.leftReason.value === 'deleted') this.rooms.forget(roomId);
        // A deleted room keeps its last name.
        const name = this.rooms.rooms.value.get(roomId)?.name;
        if (name !== undefined) conversation.name.value = name;
      }),
    );
    return conversation;
  }

  #forget(conversation: Conversation): void {
    conversation.close(true);
    const open = new Map(this.open.value);
    open.delete(conversation.id);
    this.open.value = open;
  }

  /** Deleted rooms are not opened again with the next page. */
  #openForGood(): number[] {
    return [...this.open.value.values()].filter(({ status }) => status.value !== 'left').map(({ id }) => id);
  }

  #lookAtUnknown(): void {
    for (const [roomId, { status }] of this.open.value) {
      if (status.value !== 'left' && !this.rooms.rooms.value.has(roomId)) void this.rooms.look(roomId);
    }
  }
}
