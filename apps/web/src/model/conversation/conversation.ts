import {
  type Change,
  type CurrentMessage,
  type Delivery,
  formatPosition,
  isAfter,
  type LeftReason,
  type Member,
  type Mention,
  type Message,
  MessageList,
  type Position,
  type Receipt,
  type Room,
  type RoomInfo,
  type RoomStatus,
} from '@chorus/client';
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { Composing } from './composing.js';
import { type About, keyOf, type Outgoing } from './entry.js';
import { MessageActions } from './message-actions.js';
import { messageAt, Quotes } from './quotes.js';
import { roomEvents } from './room-events.js';
import { type Row, Timeline } from './timeline.js';

/** Older messages per request. */
const PAGE = 50;
/** Largest page, and number of pages that a jump to an old message reads. */
const LARGE_PAGE = 100;
const MOST_PAGES = 30;

/** State of reading older messages. `complete`: the first message of the room has been read. */
export type HistoryState = 'idle' | 'loading' | 'failed' | 'complete';

/** How far the user has read rooms. The functions for a room read signals. */
export interface Reading {
  /** Number of unread messages. */
  unread(roomId: number): number;
  /** Position up to which the user has read; undefined for nothing. */
  position(roomId: number): Position | undefined;
  mark(roomId: number, upTo: Position): void;
}

/** One open room: its messages, the user's unsent ones, its members. */
export class Conversation {
  readonly id: number;
  /** Last known name. */
  readonly name: Signal<string>;
  /** The loaded messages as they are now, oldest first. */
  readonly messages = signal<readonly CurrentMessage[]>([]);
  /** End of the user's mute, in milliseconds since 1970. */
  readonly mutedUntil = signal(0);
  /** How far the members have read; empty in large rooms. */
  readonly receipts = signal<readonly Receipt[]>([]);
  readonly kind = signal<RoomInfo['kind'] | undefined>(undefined);
  readonly history = signal<HistoryState>('idle');
  readonly status: ReadonlySignal<RoomStatus>;
  readonly leftReason = signal<LeftReason | undefined>(undefined);
  readonly typists = signal<readonly Member[]>([]);
  readonly members = signal<readonly Member[]>([]);
  /** Number of unread messages; 0 while new messages are seen at once. */
  readonly unread: ReadonlySignal<number>;
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly actions: MessageActions;
  readonly composing = new Composing();
  readonly quotes: Quotes;
  /** The message to show, by its key. A new object for each jump. */
  readonly target = signal<{ readonly key: string } | undefined>(undefined);
  /** Number of messages written here: the log scrolls to each of them. */
  readonly written = signal(0);
  /** The newest live message, for screen readers. */
  readonly latest = signal<Message | undefined>(undefined);
  readonly #me: Member;
  readonly #room: Room;
  readonly #reading: Reading;
  readonly #list: MessageList;
  readonly #changes = signal<readonly Change[]>([]);
  readonly #outgoing = signal<ReadonlyMap<string, Outgoing>>(new Map());
  readonly #gaps = signal<ReadonlySet<string>>(new Set());
  /** Others' messages after it are marked as new while the room is in view. */
  readonly #unreadAfter = signal<Position | undefined>(undefined);
  readonly #endings: Array<() => void> = [];
  #gapBefore = false;
  /** What the message that is being sent has beside its text. */
  #about: About = {};
  readonly #watched = signal(false);
  #first: Promise<void> | undefined;

  constructor(room: Room, me: Member, reading: Reading) {
    this.id = room.id;
    this.name = signal(`Room ${room.id}`);
    this.#room = room;
    this.#me = me;
    this.#reading = reading;
    this.unread = computed(() => (this.#watched.value ? 0 : reading.unread(room.id)));
    const status = signal(room.status);
    this.status = status;
    this.actions = new MessageActions(room, me);
    this.quotes = new Quotes(room);
    // Messages are not dropped: the log shows its end only, and what a user reads further up must stay.
    this.#list = new MessageList(room, { keep: Number.POSITIVE_INFINITY, changes: true });
    const timeline = new Timeline();
    const events = computed(() => roomEvents(this.#changes.value, me, this.kind.value));
    this.rows = computed(() =>
      timeline.rows({
        messages: this.messages.value,
        events: events.value,
        outgoing: this.#outgoing.value,
        me,
        unreadAfter: this.#unreadAfter.value,
        gaps: this.#gaps.value,
      }),
    );
    this.#list.subscribe(() => this.#onList());
    this.#endings.push(
      () => this.#list.close(),
      room.on('message', (message) => this.#onMessage(message)),
      room.on('delivery', (delivery) => this.#onDelivery(delivery)),
      room.on('typing', (typists) => {
        this.typists.value = [...typists];
      }),
      room.on('gap', () => {
        this.#gapBefore = true;
      }),
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
  async readOlder(limit = PAGE): Promise<void> {
    if (this.history.value === 'loading' || this.history.value === 'complete') return;
    this.history.value = 'loading';
    try {
      await this.#list.older(limit);
      batch(() => {
        this.history.value = this.#list.atBeginning ? 'complete' : 'idle';
        this.noteRead();
      });
    } catch {
      this.history.value = 'failed';
    }
  }

  /** Shows the message at a position, and reads older ones up to it if necessary. */
  async jumpTo(position: Position): Promise<void> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const message = messageAt(this.messages.value, position);
      const [first] = this.messages.value;
      if (message !== undefined) {
        this.target.value = { key: keyOf(message, this.#me) };
        return;
      }
      if (this.history.value !== 'idle' || (first !== undefined && !isAfter(first, position))) break;
      await this.readOlder(LARGE_PAGE);
    }
    this.actions.problem.value = 'The message could not be found.';
  }

  /** Sends what was written: a new message, a reply, or an edit. Its progress shows in {@link rows}. */
  send(content: string, mentions: readonly Mention[] = []): void {
    const mode = this.composing.mode.value;
    this.composing.end();
    if (mode.kind === 'edit') {
      this.actions.edit(mode.message, content, mentions);
      return;
    }
    const replyTo = mode.kind === 'reply' ? mode.message : undefined;
    this.#about = { replyTo, ...(mentions.length === 0 ? {} : { mentions }) };
    // A failed message stays among the deliveries with its error, and is shown there.
    this.#room.send(content, this.#about).catch(() => {});
    this.#about = {};
    this.written.value += 1;
  }

  /** Edits the user's last message, if it is loaded. */
  editLast(): void {
    const last = this.messages.value.findLast(
      ({ userId, deleted }) => userId === this.#me.id && deleted === undefined,
    );
    if (last !== undefined) this.composing.edit(last);
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
    this.#watched.value = watched;
    this.noteRead();
  }

  /** The room comes into view: what is unread now stays marked as new until the room goes out of view. */
  enter(): void {
    const { unread, position } = this.#reading;
    this.#unreadAfter.value = unread(this.id) > 0 ? position(this.id) : undefined;
  }

  /** Notes that all is read that the room has delivered, if it is in view. */
  noteRead(): void {
    const { position } = this.#room;
    if (!this.#watched.value || this.history.value === 'loading' || position === undefined) return;
    const before = this.#reading.position(this.id);
    if (before === undefined || isAfter(position, before)) this.#reading.mark(this.id, position);
  }

  /** Functions to call when it is closed. */
  own(...endings: ReadonlyArray<() => void>): void {
    this.#endings.push(...endings);
  }

  /** Ends the room: the user leaves it, or the page's connection ends. */
  close(leave: boolean): void {
    for (const end of this.#endings.splice(0)) end();
    if (leave) this.#room.leave();
  }

  #onList(): void {
    const { messages, changes } = this.#list;
    batch(() => {
      this.messages.value = messages;
      this.#changes.value = changes;
      this.quotes.update(messages);
      this.composing.update(messages);
      this.noteRead();
    });
  }

  #onMessage(message: Message): void {
    batch(() => {
      if (this.#gapBefore) {
        this.#gapBefore = false;
        this.#gaps.value = new Set([...this.#gaps.value, formatPosition(message)]);
      }
      this.latest.value = message;
      // A user who writes has read.
      if (message.userId === this.#me.id && this.#watched.value) this.#unreadAfter.value = undefined;
    });
  }

  #onDelivery(delivery: Delivery): void {
    const outgoing = new Map(this.#outgoing.value);
    const { at = Date.now(), about = this.#about } = outgoing.get(delivery.clientMsgId) ?? {};
    outgoing.set(delivery.clientMsgId, { delivery, at, about });
    this.#outgoing.value = outgoing;
  }
}
