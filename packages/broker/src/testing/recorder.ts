import { patiently } from '@chorus/testing';
import type { Activity } from '../activity.js';
import type { BrokerListener, ControlEvent, Position } from '../broker.js';
import type { HistoryLoss } from '../feeds/losses.js';

export interface RecordedMessage {
  roomId: number;
  position: Position;
  text: string;
}

/** A listener that records events and lets a test wait for them. */
export class Recorder implements BrokerListener {
  readonly messages: RecordedMessage[] = [];
  readonly notices: Array<{ roomId: number; text: string }> = [];
  readonly stored: Array<{ roomId: number; upTo: Position }> = [];
  readonly moved: number[] = [];
  readonly losses: Array<{ roomId: number; loss: HistoryLoss }> = [];
  readonly events: ControlEvent[] = [];
  /** Rooms whose members were to be checked. */
  readonly memberChecks: number[] = [];
  /** Completes a check of members. */
  checking: (roomId: number) => Promise<void> = async () => {};
  readonly activities: Activity[] = [];
  /** Number of times that activity may have been missed. */
  activityMissed = 0;
  resumed = 0;
  readonly #waiting = new Set<() => void>();

  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    this.messages.push({ roomId, position, text: Buffer.from(frame).toString() });
    this.#changed();
  }

  onNotice(roomId: number, frame: Uint8Array): void {
    this.notices.push({ roomId, text: Buffer.from(frame).toString() });
    this.#changed();
  }

  async checkMembers(roomId: number): Promise<void> {
    this.memberChecks.push(roomId);
    this.#changed();
    await this.checking(roomId);
  }

  onStored(roomId: number, upTo: Position): void {
    this.stored.push({ roomId, upTo });
    this.#changed();
  }

  onMoved(roomId: number): void {
    this.moved.push(roomId);
    this.#changed();
  }

  onLost(roomId: number, loss: HistoryLoss): void {
    this.losses.push({ roomId, loss });
    this.#changed();
  }

  onControl(event: ControlEvent): void {
    this.events.push(event);
    this.#changed();
  }

  onActivity(activity: Activity): void {
    this.activities.push(activity);
    this.#changed();
  }

  onActivityMissed(): void {
    this.activityMissed++;
    this.#changed();
  }

  onResumed(): void {
    this.resumed++;
    this.#changed();
  }

  /** The messages of one room, as `seq` numbers. */
  seqs(roomId: number): number[] {
    return this.messages.filter((message) => message.roomId === roomId).map(({ position }) => position.seq);
  }

  /** Resolves once the condition holds; it is checked after every event. */
  until(what: string, condition: () => boolean, timeoutMs = 15_000): Promise<void> {
    const limit = patiently(timeoutMs);
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited ${limit} ms for ${what}`));
      }, limit);
      this.#waiting.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** Returns a room id that no other test of this run uses. */
export function someRoom(): number {
  return ++lastRoom;
}
let lastRoom = Math.floor(Math.random() * 1e9);

/** Integers in ascending order, both ends included. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}
