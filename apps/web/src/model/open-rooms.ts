import {
  type Change,
  type ChorusApi,
  type ChorusClient,
  type Member,
  Receipts,
  type RoomChange,
  type RoomInfo,
} from '@chorus/client';
import { computed, effect, signal } from '@preact/signals';
import { Conversation } from './conversation/conversation.js';
import type { Names } from './names.js';
import type { MyRooms } from './rooms/my-rooms.js';
import type { RoomActions } from './rooms/room-actions.js';
import type { RoomList } from './rooms/room-list.js';
import { RoomMembers } from './rooms/room-members.js';
import { roomTitle } from './rooms/room-title.js';

export interface OpenRoomsParts {
  readonly api: ChorusApi;
  readonly client: ChorusClient;
  readonly me: Member;
  readonly rooms: RoomList;
  readonly actions: RoomActions;
  readonly mine: MyRooms;
  readonly names: Names;
}

/** Rooms that stay joined after they were in view, so that going back to them is fast. */
const MOST_OPEN = 10;

/** The rooms that are joined over the connection: the one in view, and the last ones before it. */
export class OpenRooms {
  /** By id; the one that was in view last is the last. */
  readonly all = signal<ReadonlyMap<number, Conversation>>(new Map());
  readonly #parts: OpenRoomsParts;
  readonly #members = new Map<number, RoomMembers>();

  constructor(parts: OpenRoomsParts) {
    this.#parts = parts;
  }

  /** Returns a room that comes into view, and joins it if necessary: also one that was left. */
  open(roomId: number): Conversation {
    const known = this.all.value.get(roomId);
    if (known?.status.value === 'left') this.close(roomId);
    const conversation = this.all.value.get(roomId) ?? this.#join(roomId);
    const all = new Map(this.all.value);
    all.delete(roomId);
    this.all.value = all.set(roomId, conversation);
    this.#closeOld();
    return conversation;
  }

  /** Leaves a room on this connection. */
  close(roomId: number): void {
    const all = new Map(this.all.value);
    all.get(roomId)?.close(true);
    all.delete(roomId);
    this.#members.delete(roomId);
    this.all.value = all;
  }

  /** Members of a room. They are read once something needs them. */
  membersOf(roomId: number): RoomMembers {
    const members = this.#members.get(roomId) ?? new RoomMembers(this.#parts.api, roomId);
    this.#members.set(roomId, members);
    return members;
  }

  /** The connection ends. */
  end(): void {
    for (const conversation of this.all.value.values()) conversation.close(false);
  }

  #join(roomId: number): Conversation {
    const { api, client, me, rooms, mine, names } = this.#parts;
    const room = client.join(roomId);
    const conversation = new Conversation(room, me, {
      unread: (id) => mine.of(id)?.unread ?? 0,
      position: (id) => mine.of(id)?.readPosition,
      mark: (id, upTo) => mine.markRead(id, upTo),
    });
    room.on('renamed', (name) => rooms.update(roomId, { name }));
    room.on('change', (change) => this.#changed(conversation, change));
    const receipts = new Receipts(api, room);
    receipts.subscribe(() => {
      conversation.receipts.value = receipts.list;
    });
    void conversation.begin();
    const muted = computed(() => mine.of(roomId)?.mutedUntil);
    // These end with the conversation, and so do the listeners of the room.
    conversation.own(
      () => receipts.close(),
      effect(() => {
        if (/^(deleted|removed)$/.test(conversation.leftReason.value ?? '')) rooms.forget(roomId);
        // A deleted room keeps its last name.
        const info = rooms.rooms.value.get(roomId);
        if (info !== undefined) conversation.name.value = roomTitle(info, me);
        conversation.kind.value = info?.kind;
      }),
      effect(() => {
        conversation.mutedUntil.value = Date.parse(muted.value ?? '') || 0;
      }),
      // For mentions of them, and for the marks of bots.
      effect(() => names.note(conversation.members.value)),
      effect(() => names.note(this.membersOf(room.id).members.value)),
      effect(() =>
        names.note(
          conversation.messages.value.map(({ userId: id, username, bot }) => ({ id, username, bot })),
        ),
      ),
      // Messages that were seen before the inbox knew of them.
      effect(() => void (mine.of(roomId) && conversation.noteRead())),
      this.#follow(conversation),
    );
    return conversation;
  }

  #closeOld(): void {
    const all = [...this.all.value.values()];
    for (const { id, waiting } of all.slice(0, -MOST_OPEN)) if (!waiting) this.close(id);
  }

  /** Becomes a member of a public room that was opened: then it is among the user's rooms on every device. */
  #follow({ id, status }: Conversation): () => void {
    const { rooms, actions } = this.#parts;
    let isDecided = false;
    return effect(() => {
      const info = rooms.rooms.value.get(id);
      if (isDecided || status.value !== 'joined' || info?.kind === undefined) return;
      isDecided = true;
      // Without it the room can be read and written to as well.
      if (info.kind === 'public' && info.role === null) actions.follow(id).catch(() => {});
    });
  }

  /** Notes what a change means for the room and its members. */
  #changed({ id, mutedUntil }: Conversation, change: Change): void {
    const { rooms, me } = this.#parts;
    if (change.change === 'room-changed') rooms.update(id, propertiesOf(change));
    if (!('member' in change)) return;
    this.#members.get(id)?.apply(change);
    if (change.member.id !== me.id || change.change === 'member-removed') return;
    if (change.change === 'member-changed' && change.mutedUntil !== undefined)
      mutedUntil.value = change.mutedUntil ?? 0;
    const role = change.role ?? (change.change === 'member-added' ? 'member' : undefined);
    if (role !== undefined) rooms.update(id, { role });
  }
}

function propertiesOf({
  name,
  topic,
  slowModeSeconds,
}: RoomChange): Partial<Pick<RoomInfo, 'name' | 'topic' | 'slowModeSeconds'>> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(topic === undefined ? {} : { topic }),
    ...(slowModeSeconds === undefined ? {} : { slowModeSeconds }),
  };
}
