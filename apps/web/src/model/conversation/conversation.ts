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

/** Messages that are read at a time on the way back. */
const PAGE = 50;

/** How the reading of older messages goes. `complete`: the first message is there. */
export type HistoryState = 'idle' | 'loading' | 'failed' | 'complete';

/** One open room: what was said, what is on its way, who is there. */
export class Conversation {
  readonly id: number;
  /** As far as it is known. */
  readonly name: Signal<string>;
  readonly messages = signal<readonly Message[]>([]);
  readonly history = signal<HistoryState>('idle');
  readonly status: ReadonlySignal<RoomStatus>;
  readonly leftReason = signal<LeftReason | undefined>(undefined);
  readonly typists = signal<readonly Member[]>([]);
  readonly members = signal<readonly Member[]>([]);
  readonly unread = signal<Unread>(NONE);
  /** When somebody said something last, in milliseconds since 1970. */
  readonly lastAt = computed(() => this.messages.value.at(-1)?.sentAt ?? 0);
  readonly rows: ReadonlySignal<readonly Row[]>;
  /** Number of messages that were written here: each is scrolled to. */
  readonly written = signal(0);
  /** The newest message that came by itself, for those who hear rather than see it. */
  readonly latest = signal<Message | undefined>(undefined);
  readonly #me: Member;
  readonly #room: Room;
  readonly #memory: Memory;
  readonly #outgoing = signal<ReadonlyMap<string, Outgoing>>(new Map());
  readonly #gaps = signal<ReadonlySet<string>>(new Set());
  /** Others' messages after it are marked as new while the room is looked at. */
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

  /** Reads the next older messages, unless that is being done. */
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

  /** Says something. What becomes of it shows in {@link rows}. */
  send(content: string): void {
    // It stays among the deliveries with its error, and is shown there.
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

  /** Whether something waits that would be lost with the page. */
  get waiting(): boolean {
    return [...this.#outgoing.value.values()].some(
      ({ delivery: { state } }) => state === 'queued' || state === 'sending',
    );
  }

  typing(): void {
    this.#room.typing();
  }

  /** Keeps {@link members} up to date until the function returned is called. */
  watchMembers(): () => void {
    const ending = this.#room.on('members', (members) => {
      this.members.value = [...members];
    });
    this.members.value = [...this.#room.members];
    return ending;
  }

  /**
   * Says whether what comes is seen at once, because the room is looked at and is scrolled to its end. Then nothing in it is unread.
   */
  watch(watched: boolean): void {
    this.#watched = watched;
    if (watched) this.#note();
  }

  /** The room comes into view: what is unread now is marked as new until it goes out of view. */
  enter(): void {
    this.#unreadAfter.value = this.unread.value.count > 0 ? this.#read : undefined;
  }

  /** Ends the room: it is left, or with the page's connection over. */
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
      // Whoever writes has read.
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

  /** Counts anew what is unread, or notes that everything is read. */
  #note(): void {
    if (this.history.value === 'loading') return;
    const { epoch, seq } = this.messages.value.at(-1) ?? { epoch: 0, seq: 0 };
    // What was said before one came here for the first time is not news.
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
