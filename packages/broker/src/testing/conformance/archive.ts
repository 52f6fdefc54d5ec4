import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ArchiveQueue, Backlog } from '../../archive-queue.js';
import type { Broker, Position } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

/** Position before every message. */
export const NOWHERE: Position = { epoch: 0, seq: 0 };
export const FAR_AWAY: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };

/** A lease longer than any test, in milliseconds. */
export const LEASE_MS = 60_000;
const BODY = '"content":"x"}';
/** Bytes that a message of {@link ArchiveFixture.publish} counts. */
export const COST = BODY.length + 128;

/** Rooms with one broker and one archiver. */
export class ArchiveFixture {
  readonly directory: RoomDirectory;
  readonly queue: ArchiveQueue;

  private constructor(
    readonly fixture: BrokerFixture,
    readonly broker: Broker,
    readonly recorder: Recorder,
  ) {
    this.directory = fixture.directory();
    this.queue = fixture.queue();
  }

  static async open(makeFixture: MakeBrokerFixture, maxBacklogBytes?: number): Promise<ArchiveFixture> {
    const fixture = await makeFixture(maxBacklogBytes === undefined ? {} : { maxBacklogBytes });
    const recorder = new Recorder();
    const archive = new ArchiveFixture(fixture, await fixture.connect(recorder), recorder);
    await archive.directory.markComplete();
    return archive;
  }

  async newRoom(roomId = someRoom(), seq = 0): Promise<number> {
    await this.directory.ensure(roomId, seq);
    return roomId;
  }

  publish(roomId: number, count = 1): Promise<Position[]> {
    return Promise.all(Array.from({ length: count }, () => this.broker.publish(roomId, BODY)));
  }

  /** Claims the only room that can be claimed. */
  async claim(maxMessages = 1_000, leaseMs = LEASE_MS): Promise<Backlog> {
    const claimed = await this.queue.claim(10, maxMessages, leaseMs);
    const [backlog] = claimed;
    if (backlog === undefined || claimed.length > 1) throw new Error(`claimed ${claimed.length} rooms`);
    return backlog;
  }

  async expectNothingToClaim(queue = this.queue): Promise<void> {
    expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
  }

  /** Claims until there is a room, for rooms that become due with time. */
  async claimDue(leaseMs = LEASE_MS, queue = this.queue): Promise<Backlog[]> {
    for (;;) {
      const claimed = await queue.claim(10, 1_000, leaseMs);
      if (claimed.length > 0) return claimed;
      await sleep(5);
    }
  }

  /** Numbers of the messages in the recent history of a room. */
  async kept(roomId: number): Promise<number[]> {
    return seqsOf(await this.broker.between(roomId, NOWHERE, FAR_AWAY, 10_000));
  }

  close(): Promise<void> {
    return this.fixture.close();
  }
}

export function seqsOf(messages: readonly Position[]): number[] {
  return messages.map(({ seq }) => seq);
}

/** Position of a room when the whole claimed backlog is stored. */
export function lastOf(backlog: Backlog): Position {
  return backlog.messages.at(-1) ?? backlog.after;
}
