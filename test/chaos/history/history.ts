import type { MessageFrame, Position } from '@chorus/protocol';
import type { ClientEvent } from './client-event.js';
import type { Conversation } from './conversation.js';
import type { EventsSeen } from './events.js';

/** A page that a client read from the API, because its gateway could not replay all missed messages. */
export interface PagedEvent {
  readonly type: 'paged';
  readonly at: number;
  readonly roomId: number;
  /** Position of its last message; the page follows it. */
  readonly after: Position;
  readonly messages: readonly MessageFrame[];
}

export type HistoryEvent = ClientEvent | PagedEvent;

/** One client from its first connection to the end of the run. A user can have two. */
export interface ClientHistory {
  readonly userId: number;
  readonly username: string;
  readonly roomIds: readonly number[];
  /** Speaks the plain protocol: no acks, and no history unless it resumes. */
  readonly plain: boolean;
  /** Whether it had to be connected and in all its rooms at the end. */
  readonly stays: boolean;
  /** What its client sent, received and read, in order. */
  readonly events: readonly HistoryEvent[];
  /** The messages of all rooms that the client passed to the application, in order. */
  readonly seen: readonly MessageFrame[];
  /** The application's own messages that its client reported as sent. */
  readonly sent: ReadonlyArray<{
    readonly roomId: number;
    readonly clientMsgId: string;
    readonly position: Position;
  }>;
  /** Rooms in which the client reported a gap to the application. */
  readonly gaps: readonly number[];
}

/** A message as the database holds it. */
export type StoredMessage = Pick<
  MessageFrame,
  'roomId' | 'epoch' | 'seq' | 'id' | 'userId' | 'username' | 'content' | 'clientMsgId'
>;

/** The final state of a room, besides what its clients saw. */
export interface RoomEnd {
  readonly roomId: number;
  /** Oldest first, from the database. */
  readonly archive: readonly StoredMessage[];
  /** Oldest first, page by page from the API. */
  readonly pages: readonly StoredMessage[];
  /** Ids of the users in the room, according to the API. */
  readonly present: readonly number[];
}

/**
 * Events of a room that is deleted and recreated under one id. Each creation starts another life, counted from 1. The
 * content of each message names the life in which it was sent.
 */
export type LifeEvent = { readonly at: number } & (
  | { readonly type: 'create' | 'rename'; readonly name: string; readonly outcome: ChangeOutcome }
  | { readonly type: 'delete'; readonly outcome: ChangeOutcome }
  /** The name that the API returns after a change, undefined without a room; nothing changes it meanwhile. */
  | { readonly type: 'looked'; readonly name: string | undefined }
  | { readonly type: 'sent'; readonly life: number; readonly content: string; readonly acked: boolean }
  /** A member received a message of this life, having entered the room in that one. */
  | { readonly type: 'seen'; readonly by: string; readonly life: number; readonly enteredIn: number }
  /** A member entered a room in this life, which was deleted long ago, and was not notified. */
  | { readonly type: 'not-told'; readonly by: string; readonly enteredIn: number }
  /** A member that was in the room all the time was not notified of its new name. */
  | { readonly type: 'name-not-told'; readonly by: string; readonly name: string }
);

/** `refused`: nothing was changed. `unknown`: something may have changed. */
export type ChangeOutcome = 'done' | 'refused' | 'unknown';

/** The final state of a room that was deleted and recreated. */
export interface RoomLives {
  readonly roomId: number;
  readonly events: readonly LifeEvent[];
  /** The last life, or the one before if the room does not exist. */
  readonly life: number;
  readonly exists: boolean;
  /** Each gateway's answer to a join: `room-joined`, or the code of an error. */
  readonly gateways: Readonly<Record<string, string>>;
  /** The contents of the messages in its history; empty without a room. */
  readonly messages: readonly string[];
}

/** Faults of processes, servers and the network between them. */
export type ServerFaultKind =
  | 'gateway-kill'
  | 'gateway-freeze'
  | 'gateway-clock'
  | 'rolling-restart'
  | 'rollout'
  | 'redis-restart'
  | 'redis-kill'
  | 'redis-freeze'
  | 'redis-snapshot'
  | 'redis-lost-tail'
  | 'redis-promotion'
  | 'redis-empty'
  | 'redis-refuses'
  | 'redis-clock'
  | 'redis-failover-kill'
  | 'redis-failover-freeze'
  | 'redis-slots-move'
  | 'redis-shard-handover'
  | 'redis-shard-kill'
  | 'subscriber-cut'
  | 'network-silence'
  | 'network-delay'
  | 'network-cut'
  | 'network-refusal'
  | 'postgres-restart'
  | 'postgres-locked'
  | 'postgres-full'
  | 'postgres-read-only'
  | 'archiver-kill'
  | 'dispatcher-kill'
  | 'dispatcher-freeze'
  | 'api-kill'
  | 'recreated-rooms'
  | 'standalone-kill'
  | 'standalone-stop';

/** Faults of clients. */
export type ClientFaultKind = 'stalled-readers' | 'vanished-clients' | 'long-absences' | ReceiverFaultKind;

/** Faults of the endpoint of a webhook. */
export type ReceiverFaultKind = 'receiver-fails' | 'receiver-hangs' | 'receiver-restart';

export type FaultKind = ServerFaultKind | ClientFaultKind;

/** Redis lost some or all of what it acknowledged in this time. Times are of the clients' clock. */
export interface Loss {
  readonly since: number;
  /** Earliest time of the loss: before it everything existed. */
  readonly at: number;
  readonly until: number;
}

/** An injected fault; times are of the clients' clock. */
export interface Fault {
  readonly kind: FaultKind;
  /** What it affected. */
  readonly what: string;
  readonly startedAt: number;
  /** When it was over: the process was ready again, the clients were released. */
  readonly endedAt: number;
  /** Set when Redis itself lost something. */
  readonly loss?: Loss;
  /** When a Sentinel first named the new primary. */
  readonly primaryNamedAt?: number;
  /** Gateways whose users others may consider gone meanwhile, because they were cut off or frozen. */
  readonly cutOff?: readonly string[];
}

/** The guarantees of the cluster, as configured. Times in milliseconds. */
export interface Promises {
  /** Number of newest messages of a room that a gateway can always replay. */
  readonly historySize: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** Number of replicas of Redis that have a message when it is acked. */
  readonly waitReplicas: number;
}

/** Everything that was observed of one run. */
export interface History {
  readonly promises: Promises;
  readonly clients: readonly ClientHistory[];
  readonly rooms: readonly RoomEnd[];
  /** Of rooms other than those of the clients. */
  readonly lives: readonly RoomLives[];
  /** Of rooms whose members and messages change. */
  readonly conversations: readonly Conversation[];
  /** Undefined where no program reads events. */
  readonly events?: EventsSeen | undefined;
  readonly faults: readonly Fault[];
  /** When the final state was read. */
  readonly endedAt: number;
}
