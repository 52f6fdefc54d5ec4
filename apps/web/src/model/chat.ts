import type { ChorusApi, ChorusClient, ConnectionState, Member } from '@chorus/client';
import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Conversation } from './conversation/conversation.js';
import { MentionSource } from './conversation/mention-source.js';
import { Names } from './names.js';
import { Notifier } from './notifier.js';
import { OpenRooms } from './open-rooms.js';
import { Invitation } from './rooms/invitation.js';
import { ListRefresh } from './rooms/list-refresh.js';
import { MyRooms } from './rooms/my-rooms.js';
import { type Permissions, permissionsIn } from './rooms/permissions.js';
import { RoomActions } from './rooms/room-actions.js';
import { type KnownRoom, RoomList } from './rooms/room-list.js';
import type { RoomMembers } from './rooms/room-members.js';
import { hashOfRoom } from './route.js';
import type { Memory } from './storage.js';

/** Dependencies of a {@link Chat}. */
export interface ChatParts {
  readonly api: ChorusApi;
  /** Not connected yet; closed with the chat. */
  readonly client: ChorusClient;
  readonly me: Member;
  readonly memory: Memory;
}

/** A broadcast of the operator, or what has been done. */
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
  readonly actions: RoomActions;
  readonly invitation: Invitation;
  readonly connection = signal<ConnectionState>({ status: 'idle' });
  /** The rooms that are joined over the connection, by id. */
  readonly open: ReadonlySignal<ReadonlyMap<number, Conversation>>;
  /** The room in view. */
  readonly currentId = signal<number | undefined>(undefined);
  readonly current = computed(() => {
    const id = this.currentId.value;
    return id === undefined ? undefined : this.open.value.get(id);
  });
  readonly notices = signal<readonly Notice[]>([]);
  /** False while the browser reports that it is offline. */
  readonly online = signal(navigator.onLine);
  readonly mine: MyRooms;
  readonly notifier: Notifier;
  /** Over all rooms of the user. */
  readonly unread = computed(() => {
    const seen = this.open.value;
    return this.mine.entries.value.reduce(
      (sum, { room: { id }, unread }) => sum + (seen.get(id)?.unread.value ?? unread),
      0,
    );
  });
  readonly api: ChorusApi;
  readonly #client: ChorusClient;
  readonly #openRooms: OpenRooms;
  #refresh: ListRefresh | undefined;
  readonly #endings: Array<() => void> = [];
  #lastNotice = 0;

  constructor({ api, client, me, memory }: ChatParts) {
    this.me = me;
    this.memory = memory;
    this.rooms = new RoomList(api);
    this.api = api;
    this.actions = new RoomActions(api, this.rooms, me);
    this.invitation = new Invitation(this.actions);
    this.#client = client;
    this.connection.value = client.state;
    this.mine = new MyRooms(client);
    const { rooms, actions, mine, names } = this;
    this.#openRooms = new OpenRooms({ api, client, me, rooms, actions, mine, names });
    this.open = this.#openRooms.all;
    const open = (roomId: number): void => {
      location.hash = hashOfRoom(roomId);
    };
    this.notifier = new Notifier({ api, mine, memory, me, open });
    this.#endings.push(
      () => this.notifier.close(),
      () => this.mine.close(),
      effect(() => this.rooms.noteMine(this.mine.entries.value, this.mine.isComplete.value)),
      client.on('state', (state) => {
        this.connection.value = state;
        if (state.status !== 'connected') this.#refresh?.disconnected();
      }),
      client.on('broadcast', (text) => this.notice(text)),
      client.on('rooms', (change) => {
        this.rooms.changed(change);
        this.#refresh?.notified(change.complete);
      }),
    );
  }

  /** Connects, and reads the rooms. */
  start(): void {
    this.#client.connect();
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
      this.#openRooms.open(roomId).enter();
    });
    if (roomId !== undefined && this.infoOf(roomId)?.kind === 'direct') this.notifier.offer();
    if (roomId !== undefined && this.infoOf(roomId)?.kind === undefined) void this.rooms.look(roomId);
  }

  /** What is known of a room. */
  infoOf(roomId: number): KnownRoom | undefined {
    return this.rooms.rooms.value.get(roomId);
  }

  permissionsIn(roomId: number): Permissions {
    return permissionsIn(this.infoOf(roomId));
  }

  /** Members of a room, present or not. They are read once something needs them. */
  membersOf(roomId: number): RoomMembers {
    return this.#openRooms.membersOf(roomId);
  }

  /** Leaves and closes a room. */
  leave(roomId: number): void {
    batch(() => {
      if (this.currentId.value === roomId) this.currentId.value = undefined;
      this.#openRooms.close(roomId);
    });
    this.memory.forgetRoom(roomId);
  }

  /** Opens the direct room with a user. @throws {ChorusError} (rejects) */
  async openDirect(...users: readonly Member[]): Promise<void> {
    location.hash = hashOfRoom(await this.actions.openDirect(users));
  }

  mentionSource(conversation: Conversation): MentionSource {
    const { me, names, actions } = this;
    const info = (): KnownRoom | undefined => this.infoOf(conversation.id);
    return new MentionSource({
      conversation,
      me,
      names,
      actions,
      members: this.membersOf(conversation.id),
      info,
    });
  }

  /** Ends the wait for the next attempt to connect. */
  reconnectNow(): void {
    this.#client.connect();
  }

  /** Shows a text until the user dismisses it. @param forMs or until this time has passed, in milliseconds */
  notice(text: string, forMs?: number): void {
    const id = ++this.#lastNotice;
    this.notices.value = [...this.notices.value, { id, text }];
    if (forMs !== undefined) setTimeout(() => this.dismiss(id), forMs);
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
    this.#openRooms.end();
    await this.#client.close();
  }

  #lookAtUnknown(): void {
    for (const [roomId, { status }] of this.open.value) {
      if (status.value !== 'left' && !this.rooms.rooms.value.has(roomId)) void this.rooms.look(roomId);
    }
  }
}
