import type { Member } from '@chorus/cluster';
import type { Member as User } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import type pg from 'pg';
import type { RedisKind } from '../faults/fault-kinds.js';
import type { FoundText } from '../history/conversation.js';
import type { Loss, Promises, RoomEnd, RoomLives, ServerFaultKind } from '../history/history.js';
import type { PlannedFault } from '../run/schedule.js';

/** Creates the rooms of a run and reads their final state. Accounts of a run have small ids. */
export const OBSERVER: User = { id: 900_000, username: 'observer' };

/** What a fault reports while it lasts. */
export interface FaultReport {
  /** Called with what it affects, as soon as that is known. */
  hits(what: string): void;
  /** Called when Redis lost something. */
  loses(loss: Loss): void;
  /** Called with the time at which a Sentinel first named a new primary. */
  primaryNamed(at: number): void;
  /**
   * Called with gateways that were frozen for a while, or could not reach Redis: others may consider their users
   * gone.
   */
  cutsOff(nodeIds: readonly string[]): void;
  /** Resolves when the next change of members was requested from an API. */
  nextChange(): Promise<void>;
}

/** Reads what a server holds, from outside. */
export interface Observer {
  /** Returns the number of stored messages, in the rooms of the run. */
  archived(): Promise<number>;
  /** Ids of the users in a room. */
  present(roomId: number): Promise<number[]>;
  room(roomId: number): Promise<RoomEnd>;
}

/** What a world has for programs. */
export interface ProgramsWorld {
  /** One request of an operator. @throws when it is not answered with success */
  operate(call: string, body: object): Promise<unknown>;
  /** Runs an action in a session of the database. */
  database<T>(action: (client: pg.Client) => Promise<T>): Promise<T>;
}

/** The servers of a run, with their faults and their final state. */
export interface World extends Closeable {
  /** URL for clients and requests. */
  readonly url: string;
  /** Gateways to which clients can connect directly; empty if there are none. */
  readonly gateways: ReadonlyArray<Pick<Member, 'running' | 'url'>>;
  /** Description of the servers, for people. */
  readonly about: string;
  readonly promises: Promises;
  /** The last lines that its processes logged. */
  readonly log: readonly string[];
  readonly observer: Observer;
  tokenOf(user: User): string;
  createRooms(ids: readonly number[], token: string): Promise<void>;
  /** Resolves when everything that the fault broke is ready again. */
  inject(fault: PlannedFault<ServerFaultKind>, report: FaultReport): Promise<void>;
  /** Undefined where no program reads events. */
  readonly programs?: ProgramsWorld;
  /** Returns what became of rooms that faults created. */
  lives(): Promise<RoomLives[]>;
  /** Returns the marks of texts in all stores; undefined where no other process reaches these. */
  markedTexts?(): Promise<FoundText[]>;
}

/** Options for starting a world. */
export interface WorldOptions {
  redis: RedisKind;
  /** Settings of the processes that override the usual ones. */
  settings: Readonly<Record<string, string>>;
  roomIds: readonly number[];
  /** The kinds of planned faults. */
  kinds: ReadonlySet<ServerFaultKind>;
  signal: AbortSignal;
}
