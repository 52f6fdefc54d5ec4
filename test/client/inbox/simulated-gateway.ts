import type { WebSocketClass, WebSocketLike } from '@chorus/client';
import type { ClientFrame, RoomNews, V1ServerFrame } from '@chorus/protocol';
import { type Activity, ME } from './simulated-room.js';

type Fields<T> = { -readonly [Key in keyof T]: T[Key] };

/** One socket of the client and what its gateway has gathered for it. The test decides when frames are sent. */
class SimulatedSocket implements WebSocketLike {
  readyState = 1;
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  watching = false;
  /** News that are gathered, by room. */
  readonly news = new Map<number, Fields<RoomNews>>();

  constructor(private readonly onFrame: (frame: ClientFrame) => void) {}

  send(data: string): void {
    if (this.readyState === 1) this.onFrame(JSON.parse(data));
  }

  close(): void {
    this.end();
  }

  terminate(): void {
    this.end();
  }

  end(): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    this.watching = false;
    this.onclose?.({ code: 1006, reason: '' } as never);
  }

  deliver(frame: V1ServerFrame): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }
}

/** A gateway with one client. It learns of activity late, in order, and gathers news. */
export class SimulatedGateway {
  /** Frames of the client that are not handled yet. */
  readonly requests: ClientFrame[] = [];
  readonly webSocket: WebSocketClass;
  #socket: SimulatedSocket | undefined;
  /** Activity that has not reached the gateway. */
  #onItsWay: Array<() => void> = [];

  constructor() {
    const opened = (socket: SimulatedSocket): void => {
      this.#socket = socket;
      this.requests.length = 0;
      queueMicrotask(() =>
        socket.deliver({
          ...{ type: 'welcome', connectionId: 'c', user: ME, expiresAt: null },
          limits: { maxFrameBytes: 9_999, maxMessagesPerSecond: 1e6, maxRooms: 9, idleTimeoutSeconds: 60 },
        }),
      );
    };
    const { requests } = this;
    this.webSocket = class extends SimulatedSocket {
      constructor() {
        super((frame) => requests.push(frame));
        opened(this);
      }
    };
  }

  get lag(): number {
    return this.#onItsWay.length;
  }

  publish(activity: Activity | undefined): void {
    if (activity !== undefined) this.#onItsWay.push(() => this.#arrived(activity));
  }

  memberships(roomId: number, isMember: boolean): void {
    this.#onItsWay.push(() => {
      const socket = this.#socket;
      if (socket?.watching !== true) return;
      if (!isMember) socket.news.delete(roomId);
      const [added, removed] = isMember ? [[roomId], []] : [[], [roomId]];
      socket.deliver({ type: 'inbox-rooms', added, removed });
    });
  }

  /** The next activity reaches the gateway. */
  arrive(): void {
    this.#onItsWay.shift()?.();
  }

  watch(rooms: number): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.news.clear();
    socket.watching = true;
    socket.deliver({ type: 'inbox-watched', rooms });
  }

  /** Sends what was gathered. */
  flush(): void {
    const rooms = [...(this.#socket?.news.values() ?? [])];
    this.#socket?.news.clear();
    if (rooms.length > 0) this.#socket?.deliver({ type: 'inbox', rooms });
  }

  /** The connection to Redis was interrupted: activity is lost. */
  reset(): void {
    this.#onItsWay = [];
    const socket = this.#socket;
    if (socket?.watching !== true) return;
    socket.watching = false;
    socket.news.clear();
    socket.deliver({ type: 'inbox-reset' });
  }

  /** Answers the client without the activity channel, as if nothing had moved. */
  answer(frame: V1ServerFrame): void {
    this.#socket?.deliver(frame);
  }

  disconnect(): void {
    this.#socket?.end();
  }

  #arrived(activity: Activity): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { roomId, epoch, seq, n, kind } = activity;
    if (kind === 'read') {
      const { unread } = activity;
      socket.deliver({
        ...{ type: 'read', roomId, userId: ME.id, epoch, seq },
        ...(n === undefined ? {} : { n }),
        ...(unread ? { unread } : {}),
      });
      return;
    }
    if (!socket.watching) return;
    const before = socket.news.get(roomId) ?? { roomId, epoch, seq, n: 0, messages: 0 };
    const news: Fields<RoomNews> = { ...before, epoch, seq };
    news.n = activity.n;
    if (kind === 'message') {
      // Rooms by latest activity.
      socket.news.delete(roomId);
      news.messages++;
      if (activity.by === ME.id) news.ownN = activity.n;
      else if (activity.mentionsMe) news.mentions = (news.mentions ?? 0) + 1;
    } else news.deleted = [...(news.deleted ?? []), activity.deleted];
    socket.news.set(roomId, news);
  }
}
