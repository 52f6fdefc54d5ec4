import type { ChorusApi, InboxEntry, Member } from '@chorus/client';
import { signal } from '@preact/signals';
import type { MyRooms } from './rooms/my-rooms.js';
import { roomTitle } from './rooms/room-title.js';
import type { Memory } from './storage.js';
import { excerptOf } from './text/markdown.js';

/** `denied`: by the browser. `asked`: the user has not decided yet. */
export type NotifierState = 'unsupported' | 'denied' | 'asked' | 'on' | 'off';

export interface NotifierParts {
  readonly api: Pick<ChorusApi, 'messages'>;
  readonly mine: Pick<MyRooms, 'of' | 'onUnread'>;
  readonly memory: Memory;
  readonly me: Member;
  /** Shows a room. */
  open(roomId: number): void;
}

/** Wait for another device on which it may be read at once, in milliseconds. */
const WAIT_MS = 500;
/** The message is looked for among this number of messages. */
const RECENT = 10;

/** Notifications of the desktop for mentions and direct messages, while the page is in the background. */
export class Notifier {
  readonly state = signal<NotifierState>('unsupported');
  /** Whether the user is asked at the moment. */
  readonly offered = signal(false);
  readonly #parts: NotifierParts;
  readonly #off: () => void;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#look();
    this.#off = parts.mine.onUnread((entry) => this.#unread(entry));
  }

  /** A moment at which notifications would be of use: the user is asked, once. */
  offer(): void {
    if (this.state.value === 'asked') this.offered.value = true;
  }

  /** Must be called because of a click: browsers refuse to ask otherwise. */
  async turnOn(): Promise<void> {
    this.offered.value = false;
    const permission = await Notification.requestPermission();
    if (permission === 'granted') this.#parts.memory.notifications = true;
    this.#look();
  }

  turnOff(): void {
    this.offered.value = false;
    this.#parts.memory.notifications = false;
    this.#look();
  }

  close(): void {
    this.#off();
  }

  #look(): void {
    const wanted = this.#parts.memory.notifications;
    if (!canNotify()) this.state.value = 'unsupported';
    else if (Notification.permission === 'denied') this.state.value = 'denied';
    else if (wanted === undefined) this.state.value = 'asked';
    else this.state.value = wanted && Notification.permission === 'granted' ? 'on' : 'off';
  }

  #unread({ room: { id, kind }, mentions }: InboxEntry): void {
    // The signals change after this event.
    const before = this.#parts.mine.of(id)?.mentions ?? 0;
    if (kind !== 'direct' && mentions <= before) return;
    this.offer();
    if (this.state.value === 'on' && document.visibilityState === 'hidden')
      setTimeout(
        () =>
          void this.#notify(id).catch(() => {
            this.state.value = 'unsupported';
          }),
        WAIT_MS,
      );
  }

  async #notify(roomId: number): Promise<void> {
    const { mine, me, api, open } = this.#parts;
    const entry = mine.of(roomId);
    if (entry === undefined || entry.unread === 0) return;
    const { room } = entry;
    const isDirect = room.kind === 'direct';
    const page = await api.messages(roomId, { limit: RECENT }).catch(() => undefined);
    const message = page?.messages.findLast(
      ({ userId, mentions = [] }) =>
        userId !== me.id && (isDirect || mentions.some((id) => id === me.id || id === 'room')),
    );
    const title = roomTitle(room, me);
    const text = message === undefined ? '' : excerptOf(message.content);
    // A newer one about the room replaces an older one, also that of another tab.
    const notification = new Notification(
      isDirect ? title : `${message?.username ?? 'A mention'} in ${title}`,
      {
        body: text,
        tag: `chorus-${roomId}`,
      },
    );
    notification.onclick = () => {
      window.focus();
      notification.close();
      open(roomId);
    };
  }
}

/** Browsers of phones have the class, but only service workers may show notifications there: constructing one fails. */
function canNotify(): boolean {
  if (globalThis.Notification === undefined) return false;
  // One would be shown.
  if (Notification.permission === 'granted') return true;
  try {
    return new Notification('') !== undefined;
  } catch {
    return false;
  }
}
