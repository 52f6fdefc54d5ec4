import type { Change, ChorusApi, ChorusClient, ConnectionState, Member } from '@chorus/client';
import { batch, computed, effect, signal } from '@preact/signals';
import { Conversation } from './conversation/conversation.js';
import { MentionSource } from './conversation/mention-source.js';
import { Names } from './names.js';
import { Invitation } from './rooms/invitation.js';
import { ListRefresh } from './rooms/list-refresh.js';
import { type Permissions, permissionsIn } from './rooms/permissions.js';
import { RoomActions } from './rooms/room-actions.js';
import { type KnownRoom, RoomList } from './rooms/room-list.js';
import { RoomMembers } from './rooms/room-members.js';
import { roomTitle } from './rooms/room-title.js';
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
  readonly actions: RoomActions;
  readonly invitation: Invitation;
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
  readonly api: ChorusApi;
  readonly #client: ChorusClient;
  readonly #members = new Map<number, RoomMembers>();
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
    const members = this.#members.get(roomId) ?? new RoomMembers(this.api, roomId);
    this.#members.set(roomId, members);
    return members;
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
    room.on('renamed', (name) => this.rooms.update(roomId, { name }));
    room.on('change', (change) => this.#changed(change));
    this.open.value = new Map([...this.open.value, [roomId, conversation]]);
    void conversation.begin();
    this.#endings.push(
      effect(() => {
        if (/^(deleted|removed)$/.test(conversation.leftReason.value ?? '')) this.rooms.forget(roomId);
        // A deleted room keeps its last name.
        const info = this.infoOf(roomId);
        if (info !== undefined) conversation.name.value = roomTitle(info, this.me);
        conversation.kind.value = info?.kind;
      }),
      this.#follow(conversation),
    );
    return conversation;
  }

  /** Becomes a member of a public room that was opened: then it is among the user's rooms on every device. */
  #follow({ id, status }: Conversation): () => void {
    let isDecided = false;
    return effect(() => {
      const info = this.infoOf(id);
      if (isDecided || status.value !== 'joined' || info?.kind === undefined) return;
      isDecided = true;
      // Without it the room can be read and written to as well.
      if (info.kind === 'public' && info.role === null) this.actions.follow(id).catch(() => {});
    });
  }

  /** Notes what a change means for the room and its members. */
  #changed(change: Change): void {
    if (change.change === 'room-changed') {
      const { name, topic, slowModeSeconds } = change;
      const changes = { name, topic, slowModeSeconds };
      this.rooms.update(
        change.roomId,
        Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
      );
    } else if ('member' in change) {
      this.#members.get(change.roomId)?.apply(change);
      if (change.member.id !== this.me.id || change.change === 'member-removed') return;
      const role = change.role ?? (change.change === 'member-added' ? 'member' : undefined);
      if (role !== undefined) this.rooms.update(change.roomId, { role });
    }
  }

  #forget(conversation: Conversation): void {
    conversation.close(true);
    const open = new Map(this.open.value);
    open.delete(conversation.id);
    this.#members.delete(conversation.id);
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
