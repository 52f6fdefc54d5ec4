import type { Member, PresenceFrame } from '@chorus/protocol';
import { ManualClock, silentLog } from '@chorus/testing';
import { MemoryPresenceStore } from '../memory/presence-store.js';
import type { PresenceStore } from '../presence-store.js';
import { PresenceTracker, type PresenceTrackerOptions } from '../tracker/presence-tracker.js';

export const TTL_MS = 15_000;
export const GRACE_MS = 2_000;
/** Delay of a leave that could not be sent when it was due, in milliseconds. */
export const LATE_MS = 5_000;
export const ann = { id: 1, username: 'ann' };
export const bob = { id: 2, username: 'bob' };

/** Trackers over one store, connected by a wire that can fail, on a clock that the test moves. */
export class TrackerStage {
  readonly clock = new ManualClock();
  readonly announced: string[] = [];
  readonly store = new MemoryPresenceStore({
    clock: this.clock,
    announce: (_roomId, json) => {
      const frame: PresenceFrame = JSON.parse(json);
      this.announced.push(`${frame.type} ${frame.userId}`);
    },
  });
  /** Calls that reached the wire, in order. */
  readonly calls: string[] = [];
  /** If set, calls fail, before or after they took effect. */
  failing: 'before' | 'after' | undefined;
  /** If set, joins and leaves wait for it. */
  held: Promise<void> | undefined;
  /** Joins and leaves without an answer yet. */
  underWay = 0;
  mostUnderWay = 0;
  readonly #trackers: PresenceTracker[] = [];

  /** The store as a tracker sees it. */
  wire(): PresenceStore {
    const { store } = this;
    return {
      renew: (nodeId, ttlMs) => this.#send('renew', () => store.renew(nodeId, ttlMs)),
      join: (nodeId, roomId, member, again) =>
        this.#send(`join ${member.id}${again ? ' again' : ''}`, () => store.join(nodeId, roomId, member)),
      leave: (nodeId, roomId, member) =>
        this.#send(`leave ${member.id}`, () => store.leave(nodeId, roomId, member)),
      release: (nodeId, graceMs) => this.#send('release', () => store.release(nodeId, graceMs)),
      members: (roomId, after, limit) => store.members(roomId, after, limit),
      everyone: (after, limit) => store.everyone(after, limit),
      busiest: (limit) => store.busiest(limit),
      expired: () => this.#send('expired', () => store.expired()),
      reap: (nodeId, by) => this.#send(`reap ${nodeId}`, () => store.reap(nodeId, by)),
      close: () => store.close(),
    };
  }

  create(nodeId = 'a', options: Partial<PresenceTrackerOptions> = {}): PresenceTracker {
    const tracker = new PresenceTracker({
      store: this.wire(),
      nodeId,
      log: silentLog,
      clock: this.clock,
      ttlMs: TTL_MS,
      graceMs: GRACE_MS,
      ...options,
    });
    this.#trackers.push(tracker);
    return tracker;
  }

  async started(nodeId = 'a', options: Partial<PresenceTrackerOptions> = {}): Promise<PresenceTracker> {
    const tracker = this.create(nodeId, options);
    tracker.start();
    await this.clock.advance(0);
    return tracker;
  }

  /** Another node reaps this one. */
  async reap(nodeId: string): Promise<number> {
    await this.store.renew('reaper', TTL_MS * 100);
    return this.store.reap(nodeId, 'reaper');
  }

  /** The members of room 7. */
  members(): Promise<Member[]> {
    return this.store.members(7, 0, 1000);
  }

  /** Joins and leaves that reached the wire. */
  changes(): string[] {
    return this.calls.filter((call) => /join|leave/.test(call));
  }

  async close(): Promise<void> {
    await Promise.all(this.#trackers.splice(0).map((tracker) => tracker.close()));
  }

  async #send<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    if (this.failing === 'before') throw new Error('store is away');
    if (name.startsWith('join') || name.startsWith('leave')) {
      this.underWay++;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      await this.held;
      this.underWay--;
    }
    const result = await run();
    if (this.failing === 'after') throw new Error('no answer');
    return result;
  }
}
