import {
  type Delivery,
  formatPosition,
  type Gap,
  isAfter,
  type LeftReason,
  type Member,
  type Message,
  type Position,
  type Room,
  type RoomStatus,
} from '@chorus/client';
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Memory } from '../storage.js';
import { type Outgoing, type Row, Timeline } from './timeline.js';
import { countUnread, NONE, type Unread } from './unread.js';

/** Older messages per request. */
const PAGE = 50;

/** State of reading older messages. `complete`: the first message of the room has been read. */
export type HistoryState = 'idle' | 'loading' | 'failed' | 'complete';

/** One open room: its messages, the user's unsent ones, its members. */
export class Conversation {
  readonly id: number;
  /** Last known name. */
  readonly name: Signal<string>;
  readonly messages = signal<readonly Message[]>([]);
  readonly history = signal<HistoryState>('idle');
  readonly status: ReadonlySignal<RoomStatus>;
  readonly leftReason = signal<LeftReason | undefined>(undefined);
  readonly typists = signal<readonly Member[]>([]);
  readonly members = signal<readonly Member[]>([]);
  readonly unread = signal<Unread>(NONE);
  /** Time of the last message, in milliseconds since 1970. */
  readonly lastAt = computed(() => this.messages.value.at(-1)?.sentAt ?? 0);
  readonly rows: ReadonlySignal<readonly Row[]>;
  /** Number of messages written here: the log scrolls to each of them. */
  readonly written = signal(0);
  /** The newest live message, for screen readers. */
  readonly latest = signal<Message | undefined>(undefined);
  readonly #me: Member;
  readonly #room: Room;
  readonly #memory: Memory;
  readonly #outgoing = signal<ReadonlyMap<string, Outgoing>>(new Map());
  readonly #gaps = signal<ReadonlySet<string>>(new Set());
  /** Others' messages after it are marked as new while the room is in view. */
  readonly #unreadAfter = signal<Position | undefined>(undefined);
  readonly #endings: Array<() => void> = [];
  #read: Position | undefined;
  #gapBefore = false;
  #watched = false;
  #first: Promise<void> | undefined;

  constructor(room: Room, me: Member, memory: Memory) {
    this.id = room.id;
    this.name = signal(`Room ${room.id}`);
    this.#room = room;
    this.#me = me;
    this.#memory = memory;
    this.#read = memory.read(room.id);
    const status = signal(room.status);
    this.status = status;
    const timeline = new Timeline();
    this.rows = computed(() =>
      timeline.rows({
        messages: this.messages.value,
        outgoing: this.#outgoing.value,
        me,
        unreadAfter: this.#unreadAfter.value,
        gaps: this.#gaps.value,
      }),
    );
    this.#endings.push(
      room.on('message', (message) => this.#onMessage(message)),
      room.on('delivery', (delivery) => this.#onDelivery(delivery)),
      room.on('typing', (typists) => {
        this.typists.value = [...typists];
      }),
      room.on('gap', (gap) => this.#onGap(gap)),
      room.on('status', (next) =>
        batch(() => {
          status.value = next;
          if (next === 'left') this.leftReason.value = room.leftReason ?? 'left';
        }),
      ),
    );
    if (room.status === 'left') this.leftReason.value = room.leftReason ?? 'left';
  }

  /** Reads the newest messages, once. */
  begin(): Promise<void> {
    this.#first ??= this.readOlder();
    return this.#first;
  }

  /** Reads the next older messages. Does nothing while it reads already. */
  async readOlder(): Promise<void> {
    if (this.history.value === 'loading' || this.history.value === 'complete') return;
    this.history.value = 'loading';
    try {
      const older = await this.#room.older(PAGE);
      batch(() => {
        this.messages.value = [...older, ...this.messages.value];
        this.history.value = older.length === 0 ? 'complete' : 'idle';
        this.#note();
      });
    } catch {
      this.history.value = 'failed';
    }
  }

  /** Sends a message. Its progress shows in {@link rows}. */
  send(content: string): void {
    // A failed message stays among the deliveries with its error, and is shown there.
    this.#room.send(content).catch(() => {});
    this.written.value += 1;
  }

  retry(clientMsgId: string): void {
    this.#room.retry(clientMsgId);
  }

  discard(clientMsgId: string): void {
    this.#room.discard(clientMsgId);
    const outgoing = new Map(this.#outgoing.value);
    outgoing.delete(clientMsgId);
    this.#outgoing.value = outgoing;
  }

  /** Whether closing the page would lose an unsent message. */
  get waiting(): boolean {
    return [...this.#outgoing.value.values()].some(
      ({ delivery: { state } }) => state === 'queued' || state === 'sending',
    );
  }

  typing(): void {
    this.#room.typing();
  }

  /** Keeps {@link members} up to date until the returned function is called. */
  watchMembers(): () => void {
    const ending = this.#room.on('members', (members) => {
      this.members.value = [...members];
    });
    this.members.value = [...this.#room.members];
    return ending;
  }

  /**
   * Sets whether new messages are seen at once, because the room is in view and scrolled to its end. Then nothing is
   * unread.
   */
  watch(watched: boolean): void {
    this.#watched = watched;
    if (watched) this.#note();
  }

  /** The room comes into view: what is unread now stays marked as new until the room goes out of view. */
  enter(): void {
    this.#unreadAfter.value = this.unread.value.count > 0 ? this.#read : undefined;
  }

  /** Ends the room: the user leaves it, or the page's connection ends. */
  close(leave: boolean): void {
    for (const end of this.#endings.splice(0)) end();
    if (leave) this.#room.leave();
  }

  #onMessage(message: Message): void {
    batch(() => {
      if (this.#gapBefore) {
        this.#gapBefore = false;
        this.#gaps.value = new Set([...this.#gaps.value, formatPosition(message)]);
      }
      this.messages.value = [...this.messages.value, message];
      this.latest.value = message;
      // A user who writes has read.
      if (message.userId === this.#me.id && this.#watched) this.#unreadAfter.value = undefined;
      this.#note();
    });
  }

  #onDelivery(delivery: Delivery): void {
    const outgoing = new Map(this.#outgoing.value);
    const at = outgoing.get(delivery.clientMsgId)?.at ?? Date.now();
    outgoing.set(delivery.clientMsgId, { delivery, at });
    this.#outgoing.value = outgoing;
  }

  #onGap(_gap: Gap): void {
    this.#gapBefore = true;
  }

  /** Counts what is unread, or notes that everything is read. */
  #note(): void {
    if (this.history.value === 'loading') return;
    const { epoch, seq } = this.messages.value.at(-1) ?? { epoch: 0, seq: 0 };
    // Messages from before the user's first visit are not new.
    if (this.#read === undefined || (this.#watched && isAfter({ epoch, seq }, this.#read))) {
      this.#read = { epoch, seq };
      this.#memory.keepRead(this.id, this.#read);
    }
    const complete = this.history.value === 'complete';
    const unread = countUnread(this.messages.value, this.#read, this.#me.id, complete);
    if (unread.count !== this.unread.value.count || unread.more !== this.unread.value.more) {
      this.unread.value = unread;
    }
  }
}
