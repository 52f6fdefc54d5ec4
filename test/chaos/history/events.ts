import type { Position } from '@chorus/protocol';

// All times are in milliseconds since 1970: the clock of this machine, which PostgreSQL shares.

/** An event as a program received it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly roomId?: number | undefined;
    readonly user?: { readonly id: number } | undefined;
    /** Position of the message that it is about. */
    readonly epoch?: number | undefined;
    readonly seq?: number | undefined;
    readonly message?: object | null | undefined;
    readonly change?: string | undefined;
    readonly role?: string | undefined;
  };
}

/** An event that a reader found in the log. */
export interface PulledEvent {
  readonly at: number;
  readonly event: ReceivedEvent;
}

/** A request that the receiver of a webhook got. */
export interface Delivery {
  readonly at: number;
  readonly event: ReceivedEvent;
  /** Whether its signature is that of the webhook's secret. */
  readonly signed: boolean;
  /** `lost`: the receiver processed the event, and its answer was cut off. */
  readonly answer: 'accepted' | 'refused' | 'lost';
}

/** A row that a transaction wrote, noted by a trigger within that transaction. */
export interface CommittedChange {
  /** `message`; the kind of a change of a message; or what happened to a member, a room or a user. */
  readonly what: string;
  readonly roomId: number | undefined;
  /** Position of the entry; undefined for members, rooms and users. */
  readonly entry: Position | undefined;
  /** Position of the message that the entry changes. */
  readonly target: Position | undefined;
  readonly userId: number | undefined;
  readonly role: string | undefined;
  readonly committedAt: number;
}

/** What programs received, and what the database committed. */
export interface EventsSeen {
  /** In the order of their arrival, as read page by page. */
  readonly pulled: readonly PulledEvent[];
  /** In the order of their arrival. */
  readonly deliveries: readonly Delivery[];
  /** In the order in which they were written; those of a room in the order of their commits. */
  readonly changes: readonly CommittedChange[];
}
