import type { Member } from '@chorus/cluster';
import type { Member as User } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import type { Loss, Promises, RoomEnd, RoomLives, ServerFaultKind } from '../history/history.js';
import type { PlannedFault } from '../run/schedule.js';

/** What a fault tells of itself while it goes on. */
export interface FaultReport {
  /** What it was done to, as soon as that is known. */
  hits(what: string): void;
  /** Redis forgot something. */
  loses(loss: Loss): void;
  /** These gateways did nothing for a while, or could not reach Redis: others may take their users for gone. */
  cutsOff(nodeIds: readonly string[]): void;
}

/** What a server holds, seen from outside. */
export interface Observer {
  /** How many messages are stored, of the rooms of the run. */
  archived(): Promise<number>;
  /** Ids of the users in a room. */
  present(roomId: number): Promise<number[]>;
  room(roomId: number): Promise<RoomEnd>;
}

/** What a run works on: servers that it can break, and that hold what clients say. */
export interface World extends Closeable {
  /** Where clients and requests go. */
  readonly url: string;
  /** Where clients can go instead; empty when there is only one way. */
  readonly gateways: ReadonlyArray<Pick<Member, 'running' | 'url'>>;
  /** What it consists of, for people. */
  readonly about: string;
  readonly promises: Promises;
  /** The last lines that its processes logged. */
  readonly log: readonly string[];
  readonly observer: Observer;
  tokenOf(user: User): string;
  createRooms(ids: readonly number[], token: string): Promise<void>;
  /** Resolves when what the fault broke is ready again. */
  inject(fault: PlannedFault<ServerFaultKind>, report: FaultReport): Promise<void>;
  /** What became of rooms that faults created. */
  lives(): Promise<RoomLives[]>;
}

/** What a world is started with. */
export interface WorldOptions {
  /** Settings of the processes that are to be others than usual here. */
  settings: Readonly<Record<string, string>>;
  roomIds: readonly number[];
  /** The kinds of faults to come. */
  kinds: ReadonlySet<ServerFaultKind>;
  signal: AbortSignal;
}
