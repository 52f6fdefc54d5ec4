import type { Member } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import { type Clock, systemClock } from '@chorus/service';
import type { PresenceStore, Renewal } from '../presence-store.js';
import { Graces } from './grace.js';
import { Heartbeat } from './heartbeat.js';
import { LateLeaves } from './late-leaves.js';
import { LocalMember, NEVER } from './local-member.js';

export interface PresenceTrackerOptions {
  store: PresenceStore;
  nodeId: string;
  log: Logger;
  /** How long this node's entries outlive its last renewal, in milliseconds. Default 15,000. */
  ttlMs?: number;
  /** How long a user without connections may take to reconnect before they leave, in milliseconds. Default 2,000. */
  graceMs?: number;
  /**
   * Grace of users whom the node asked to reconnect elsewhere: from the request, or from the end of the node's
   * shutdown, in milliseconds. Default 10,000.
   */
  releaseGraceMs?: number;
  /** Largest number of concurrent calls of the store. Default 256. */
  maxInFlight?: number;
  clock?: Clock;
}

/**
 * Shortest delay of a leave that could not be sent when it was due, in milliseconds. Nodes notice within about a
 * second that the store is back.
 */
const LATE_LEAVE_MS = 5_000;

/**
 * Keeps the store in step with this node's connections. Callers report who enters and exits. The tracker updates the
 * store, one call at a time per user and room, and retries while the store is unreachable. It queues (user, room)
 * pairs, not calls, so an outage of any length costs no more memory than the connections themselves.
 */
export class PresenceTracker {
  readonly #store: PresenceStore;
  readonly #nodeId: string;
  readonly #clock: Clock;
  readonly #releaseGraceMs: number;
  readonly #maxInFlight: number;
  readonly #heartbeat: Heartbeat;

  readonly #rooms = new Map<number, Map<number, LocalMember>>();
  #members = 0;
  /** Members that wait for a call. */
  readonly #unsettled = new Set<LocalMember>();
  /** Members whose leave is delayed. Each unsettled member is in one of the two, or busy. */
  readonly #late: LateLeaves;
  readonly #graces: Graces;
  /** Number of times that everything had to be written from the start, including the first time. */
  #startOvers = 0;
  #inFlight = 0;
  #draining = false;
  #closed: Promise<void> | undefined;
  readonly #whenSettled: Array<() => void> = [];
  readonly #whenAnswered: Array<() => void> = [];

  constructor(options: PresenceTrackerOptions) {
    this.#store = options.store;
    this.#nodeId = options.nodeId;
    this.#clock = options.clock ?? systemClock;
    const { graceMs = 2_000, releaseGraceMs = 10_000 } = options;
    this.#releaseGraceMs = releaseGraceMs;
    const graces = { left: graceMs, reconnecting: releaseGraceMs };
    this.#graces = new Graces(this.#clock, graces, (local) => this.#leave(local));
    this.#late = new LateLeaves(this.#clock, Math.max(graceMs, LATE_LEAVE_MS), (due) => {
      for (const local of due) this.#unsettled.add(local);
      this.#pump();
    });
    this.#maxInFlight = options.maxInFlight ?? 256;
    this.#heartbeat = new Heartbeat({
      store: options.store,
      nodeId: options.nodeId,
      log: options.log,
      ttlMs: options.ttlMs ?? 15_000,
      clock: this.#clock,
      onBeat: (entries, wasAway) => this.#onBeat(entries, wasAway),
    });
  }

  /** Takes the lease and starts the heartbeat. Does not wait for the store. */
  start(): void {
    this.#heartbeat.start();
  }

  /** A local connection of this user entered the room. */
  enter(roomId: number, member: Member): void {
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = new Map();
      this.#rooms.set(roomId, room);
    }
    let local = room.get(member.id);
    if (local === undefined) {
      local = new LocalMember(roomId, member);
      room.set(member.id, local);
      this.#members++;
    }
    local.connections++;
    local.wanted = true;
    local.roomDeleted = false;
    this.#graces.end(local);
    this.#reconcile(local);
  }

  /**
   * A local connection of this user left the room. Ignored for a connection that was forgotten.
   * @param reconnecting whether this node asked the client to reconnect
   */
  exit(roomId: number, member: Member, reconnecting = false): void {
    const local = this.#rooms.get(roomId)?.get(member.id);
    if (local === undefined || local.connections === 0) return;
    local.connections--;
    if (local.connections > 0 || this.#draining) return;
    this.#graces.begin(local, reconnecting ? 'reconnecting' : 'left');
  }

  /** All users leave this room at once, without grace; later exits of their connections are ignored. */
  forgetRoom(roomId: number): void {
    for (const local of this.#rooms.get(roomId)?.values() ?? []) {
      local.connections = 0;
      local.roomDeleted = true;
      this.#leave(local);
    }
  }

  /**
   * The node is about to close its connections: no user leaves any more, because they are expected to reconnect
   * through another node. Leases are renewed until {@link close}.
   */
  drain(): void {
    this.#draining = true;
    this.#graces.clear();
  }

  /** Resolves when the store holds what is wanted now; users within their grace are still wanted. */
  settled(): Promise<void> {
    if (this.unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /**
   * Stops. The node's entries stay until its lease ends; with `release`, until `releaseGraceMs` from now. Also
   * resolves while the store is unreachable: the lease then ends by itself.
   */
  close(options: { release?: boolean } = {}): Promise<void> {
    this.#closed ??= this.#close(options.release ?? false);
    return this.#closed;
  }

  /** Number of users of this node, counted once per room. */
  get localMembers(): number {
    return this.#members;
  }

  /** Number of rooms with users of this node. */
  get localRooms(): number {
    return this.#rooms.size;
  }

  /** Number of users, counted per room, whose entry in the store is not up to date. */
  get unsettled(): number {
    return this.#unsettled.size + this.#late.size + this.#inFlight;
  }

  /** Number of users, counted per room, within their grace. */
  get leaving(): number {
    return this.#graces.size;
  }

  /** Whether the last call of the store was answered. */
  get connected(): boolean {
    return this.#heartbeat.connected;
  }

  /** Number of departures that this node announced for dead nodes. */
  get reaped(): number {
    return this.#heartbeat.reaped;
  }

  #leave(local: LocalMember): void {
    local.wanted = false;
    if (!this.#heartbeat.connected) this.#late.delay(local);
    this.#graces.end(local);
    this.#reconcile(local);
  }

  #onBeat(entries: Renewal['entries'], wasAway: boolean): void {
    if (wasAway) this.#late.delayAll();
    if (entries !== 'kept') {
      this.#startOvers++;
      for (const room of this.#rooms.values()) {
        for (const local of room.values()) {
          // The user left with the node: all of its departures were announced.
          if (entries === 'reaped' && local.connections === 0) {
            local.wanted = false;
            this.#graces.end(local);
          }
          // The store may lack the entry of a user whose departure is not announced: it is written, and they leave again.
          if (entries === 'missing' && !local.wanted && local.announced && !local.roomDeleted) {
            local.wanted = true;
            this.#graces.begin(local, 'left');
          }
          this.#reconcile(local);
        }
      }
    }
    this.#pump();
    this.#notify();
  }

  #reconcile(local: LocalMember): void {
    if (local.busy) return;
    this.#late.delete(local);
    if (!local.isSettled(this.#startOvers)) {
      this.#unsettled.add(local);
      this.#pump();
      return;
    }
    this.#unsettled.delete(local);
    if (!local.wanted) this.#drop(local);
    this.#notify();
  }

  #drop(local: LocalMember): void {
    const room = this.#rooms.get(local.roomId);
    if (room?.delete(local.member.id)) this.#members--;
    if (room?.size === 0) this.#rooms.delete(local.roomId);
  }

  #pump(): void {
    if (!this.#heartbeat.connected || this.#closed !== undefined) return;
    for (const local of this.#unsettled) {
      if (this.#inFlight >= this.#maxInFlight) return;
      this.#unsettled.delete(local);
      if (local.wanted || !this.#late.hold(local)) void this.#call(local);
    }
  }

  async #call(local: LocalMember): Promise<void> {
    const { roomId, member, wanted, announced } = local;
    const sentIn = this.#startOvers;
    local.busy = true;
    // Until a join has succeeded, and after a leave was sent, the user's departure may have been announced.
    local.announced = wanted && announced;
    this.#inFlight++;
    let succeeded = false;
    let waitMs = 0;
    try {
      if (wanted) await this.#store.join(this.#nodeId, roomId, member, announced);
      else waitMs = await this.#store.leave(this.#nodeId, roomId, member, local.roomDeleted);
      succeeded = true;
    } catch (error) {
      this.#late.delay(local);
      this.#heartbeat.onFailure(error);
    }
    this.#inFlight--;
    local.busy = false;
    if (succeeded) local.announced = wanted || (waitMs > 0 && announced);
    if (waitMs > 0) this.#late.delayAll(waitMs);
    // Sent before a restart and answered after it: the call may have taken effect before or after it.
    local.sure = succeeded && sentIn === this.#startOvers;
    local.storedIn = local.sure && !wanted && waitMs === 0 ? NEVER : this.#startOvers;
    this.#reconcile(local);
    this.#pump();
    this.#notify();
  }

  #notify(): void {
    if (this.#inFlight > 0) return;
    for (const resolve of this.#whenAnswered.splice(0)) resolve();
    if (this.#unsettled.size > 0 || this.#late.size > 0) return;
    this.#heartbeat.onSettled();
    for (const resolve of this.#whenSettled.splice(0)) resolve();
  }

  async #close(release: boolean): Promise<void> {
    this.#graces.clear();
    this.#late.close();
    await this.#heartbeat.close();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenAnswered.push(resolve));
    if (release) await this.#store.release(this.#nodeId, this.#releaseGraceMs).catch(() => {});
  }
}
