import type { MessageFrame, Position } from '@chorus/protocol';
import type { ClientEvent } from './client-event.js';

/** A page that a client asked the API for, because its gateway could not give it all that it missed. */
export interface PagedEvent {
  readonly type: 'paged';
  readonly at: number;
  readonly roomId: number;
  /** What it had seen; the messages come after it. */
  readonly after: Position;
  readonly messages: readonly MessageFrame[];
}

export type HistoryEvent = ClientEvent | PagedEvent;

/** One client from its first connection to the end of the run. A user can have two. */
export interface ClientHistory {
  readonly userId: number;
  readonly username: string;
  readonly roomIds: readonly number[];
  /** Speaks the plain protocol: no acks, and no history unless it asks for it. */
  readonly plain: boolean;
  /** Whether it had to be connected and in all its rooms at the end. */
  readonly stays: boolean;
  /** What its client sent, received and read, in the order in which it happened. */
  readonly events: readonly HistoryEvent[];
  /** The messages of all rooms that the client told the application of, in that order. */
  readonly seen: readonly MessageFrame[];
  /** The application's own messages that its client said are sent. */
  readonly sent: ReadonlyArray<{
    readonly roomId: number;
    readonly clientMsgId: string;
    readonly position: Position;
  }>;
  /** Rooms in which the client told the application that something is missing. */
  readonly gaps: readonly number[];
}

/** A message as the database holds it. */
export type StoredMessage = Pick<
  MessageFrame,
  'roomId' | 'epoch' | 'seq' | 'id' | 'userId' | 'username' | 'content' | 'clientMsgId'
>;

/** What is known of a room beside what its clients saw, when all was quiet again. */
export interface RoomEnd {
  readonly roomId: number;
  /** Oldest first, from the database. */
  readonly archive: readonly StoredMessage[];
  /** Oldest first, page by page from the API. */
  readonly pages: readonly StoredMessage[];
  /** Ids of the users who are in the room, as the API says. */
  readonly present: readonly number[];
}

/**
 * What happened to a room that is deleted and created again under its id. Each time that it is created it has
 * another life, counted from 1. The content of each message tells the life that it was sent in.
 */
export type LifeEvent = { readonly at: number } & (
  | { readonly type: 'create' | 'rename'; readonly name: string; readonly outcome: ChangeOutcome }
  | { readonly type: 'delete'; readonly outcome: ChangeOutcome }
  /** Its name as the API says it after a change, undefined without a room; nothing changes it meanwhile. */
  | { readonly type: 'looked'; readonly name: string | undefined }
  | { readonly type: 'sent'; readonly life: number; readonly content: string; readonly acked: boolean }
  /** A member received a message of this life, having entered the room in that one. */
  | { readonly type: 'seen'; readonly by: string; readonly life: number; readonly enteredIn: number }
  /** A member entered a room in this life, which was deleted long ago, and was not told. */
  | { readonly type: 'not-told'; readonly by: string; readonly enteredIn: number }
  /** A member that was in the room all the time was not told of its new name. */
  | { readonly type: 'name-not-told'; readonly by: string; readonly name: string }
);

/** `refused`: nothing was changed. `unknown`: perhaps it was. */
export type ChangeOutcome = 'done' | 'refused' | 'unknown';

/** A room that was deleted and created again, when all was quiet. */
export interface RoomLives {
  readonly roomId: number;
  readonly events: readonly LifeEvent[];
  /** Of its last life, or of the one before when it does not exist. */
  readonly life: number;
  readonly exists: boolean;
  /** What a gateway answers to a join: `room-joined`, or the code of an error. */
  readonly gateways: Readonly<Record<string, string>>;
  /** The contents of the messages in its history; empty without a room. */
  readonly messages: readonly string[];
}

/** What happens to processes, servers and the ways between them. */
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
  | 'rooms-anew'
  | 'standalone-kill'
  | 'standalone-stop';

/** What clients do. */
export type ClientFaultKind = 'stalled-readers' | 'vanished-clients' | 'long-absences';

export type FaultKind = ServerFaultKind | ClientFaultKind;

/** Redis lost what it acknowledged in this time, or some of it. Times are of the clients' clock. */
export interface Loss {
  readonly since: number;
  /** When it lost it, at the earliest: before this everything was there. */
  readonly at: number;
  readonly until: number;
}

/** A fault that was injected; times are of the clients' clock. */
export interface Fault {
  readonly kind: FaultKind;
  /** What it was done to. */
  readonly what: string;
  readonly startedAt: number;
  /** When it was over: the process was ready again, the clients were let go. */
  readonly endedAt: number;
  /** Given when Redis itself lost something. */
  readonly loss?: Loss;
  /** Gateways whose users others may take for gone meanwhile, because they were cut off or did nothing. */
  readonly cutOff?: readonly string[];
}

/** What the cluster promises, as it was configured. Times in milliseconds. */
export interface Promises {
  /** The newest messages of a room that a gateway can always replay. */
  readonly historySize: number;
  readonly leaseMs: number;
  readonly graceMs: number;
}

/** Everything that was seen of one run. */
export interface History {
  readonly promises: Promises;
  readonly clients: readonly ClientHistory[];
  readonly rooms: readonly RoomEnd[];
  /** Of rooms that are not among those of the clients. */
  readonly lives: readonly RoomLives[];
  readonly faults: readonly Fault[];
  /** When what the cluster holds was looked at. */
  readonly endedAt: number;
}
