import { UnavailableError } from '@chorus/redis';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { type Broker, isAfter, type Position } from '../broker.js';
import type { Recorder } from './recorder.js';

interface Sent {
  roomId: number;
  /** Its position, once acknowledged. */
  position: Position | undefined;
}

/** Publishes at a steady rate, records acknowledged messages, and checks what listeners received. */
export class Traffic {
  readonly #sent = new Map<string, Sent>();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly brokers: readonly Broker[],
    private readonly rooms: readonly number[],
  ) {}

  /** Number of acknowledged messages. */
  get acknowledged(): number {
    return [...this.#sent.values()].filter(({ position }) => position !== undefined).length;
  }

  get failed(): number {
    return this.#sent.size - this.acknowledged - this.#underWay.size;
  }

  /** Publishes from every broker to every room. */
  burst(): void {
    for (const broker of this.brokers) {
      for (const roomId of this.rooms) {
        const one = this.#publish(broker, roomId).finally(() => this.#underWay.delete(one));
        this.#underWay.add(one);
      }
    }
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => this.burst(), everyMs);
  }

  /** Resolves when every message that was sent has an outcome. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  /** Resolves when that number of further messages has been acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const deadline = performance.now() + patiently(10_000);
    while (this.acknowledged < goal) {
      if (performance.now() > deadline)
        throw new Error(`${goal - this.acknowledged} of ${count} still missing`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until a listener has received every acknowledged message, and checks that it is exact. */
  async check(heard: Recorder): Promise<void> {
    const acknowledged = [...this.#sent].filter(([, { position }]) => position !== undefined);
    const has = new Set<string>();
    let looked = 0;
    await heard.until('everything acknowledged', () => {
      for (; looked < heard.messages.length; looked++) has.add(idOf(heard.messages[looked]?.text ?? ''));
      return acknowledged.every(([id]) => has.has(id));
    });
    const own = heard.messages.filter(({ roomId }) => this.rooms.includes(roomId));
    expect(new Set(own.map(({ text }) => idOf(text))).size, 'each message once').to.equal(own.length);
    const last = new Map<number, Position>();
    for (const { roomId, position, text } of own) {
      const sent = this.#sent.get(idOf(text));
      expect(sent?.roomId, 'a message of this room').to.equal(roomId);
      if (sent?.position !== undefined) expect(position).to.deep.equal(sent.position);
      expect(text.startsWith(`{"seq":${position.seq},`)).to.equal(true);
      const before = last.get(roomId) ?? { epoch: 0, seq: 0 };
      expect(isAfter(position, before), 'in order').to.equal(true);
      if (position.epoch === before.epoch) expect(position.seq, 'without a hole').to.equal(before.seq + 1);
      last.set(roomId, position);
    }
  }

  async #publish(broker: Broker, roomId: number): Promise<void> {
    const id = String(this.#sent.size);
    const sent: Sent = { roomId, position: undefined };
    this.#sent.set(id, sent);
    try {
      sent.position = await broker.publish(roomId, `"id":"${id}"}`);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}

function idOf(text: string): string {
  return (JSON.parse(text) as { id?: string }).id ?? '';
}
