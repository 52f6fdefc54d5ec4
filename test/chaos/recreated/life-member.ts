import { setTimeout as sleep } from 'node:timers/promises';
import type { Position, V1ServerFrame } from '@chorus/protocol';
import type { connectV1, V1Socket } from '@chorus/testing';
import type { LifeEvent } from '../history/history.js';
import { lifeOf } from './life-content.js';

/** An event without its time. */
type Unstamped<Event = LifeEvent> = Event extends LifeEvent ? Omit<Event, 'at'> : never;

/** Longest time until changes that a dead API left unfinished are completed and announced, in milliseconds. */
const TOLD_MS = 12_000;
const ANSWER_MS = 3_000;
const PAUSE_MS = 100;

/** A member of one room, on one gateway, that enters the room again in each of its lives. */
export class LifeMember {
  #socket: V1Socket | undefined;
  /** The life of the room in which it entered; undefined outside. */
  #enteredIn: number | undefined;
  #position: Position | undefined;
  /** Names announced since it entered. */
  readonly #names = new Set<string>();
  /** The life in which it requested to enter. */
  #asked = 0;

  constructor(
    readonly name: string,
    private readonly connect: () => ReturnType<typeof connectV1>,
    private readonly roomId: number,
    private readonly record: (event: Unstamped) => void,
  ) {}

  /** Enters the room in this life, which does not end meanwhile. @returns whether it is in the room */
  async enter(life: number, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + TOLD_MS;
    while (performance.now() < deadline) {
      if (this.#enteredIn === life) return true;
      // The end of an earlier life is still to be announced to it.
      if (this.#enteredIn === undefined) {
        const answer = await this.#join(life);
        if (answer === 'room-joined') continue;
      }
      await sleep(PAUSE_MS, undefined, { signal });
    }
    if (this.#enteredIn !== undefined) {
      this.record({ type: 'not-told', by: this.name, enteredIn: this.#enteredIn });
    }
    return false;
  }

  isIn(life: number): boolean {
    return this.#enteredIn === life;
  }

  /** @returns false if it was in the room all the time and the name was never announced to it */
  async toldName(life: number, name: string, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + ANSWER_MS;
    while (this.isIn(life) && !this.#names.has(name)) {
      if (performance.now() > deadline) return false;
      await sleep(PAUSE_MS, undefined, { signal });
    }
    return true;
  }

  /** @returns whether it was acknowledged */
  async send(content: string): Promise<boolean> {
    const clientMsgId = `life-${content.replaceAll(/[^a-z0-9]/g, '-')}`;
    this.#socket?.send({ type: 'publish', roomId: this.roomId, clientMsgId, content });
    const answer = await this.#answer((frame) => 'clientMsgId' in frame && frame.type !== 'message');
    return answer?.type === 'ack';
  }

  /** Returns its gateway's answer to a join. */
  async ask(): Promise<string> {
    await this.#leave();
    return this.#join(0);
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  async #join(life: number): Promise<string> {
    try {
      const socket = this.#socket ?? (await this.#open());
      this.#socket = socket;
      const answering = this.#answer(
        ({ type, ...frame }) =>
          type === 'room-joined' || (type === 'error' && 'request' in frame && frame.request === 'join'),
      );
      this.#asked = life;
      socket.send({ type: 'join', roomId: this.roomId, since: this.#position });
      const answer = await answering;
      return answer === undefined ? 'no answer' : answer.type === 'error' ? answer.code : answer.type;
    } catch (error) {
      return String(error);
    }
  }

  async #leave(): Promise<void> {
    if (this.#enteredIn === undefined) return;
    const answering = this.#answer(({ type }) => type === 'room-left');
    this.#socket?.send({ type: 'leave', roomId: this.roomId });
    await answering;
    this.#enteredIn = undefined;
  }

  async #open(): Promise<V1Socket> {
    const socket = await this.connect();
    void socket.ended.then(() => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#enteredIn = undefined;
    });
    socket.socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as V1ServerFrame));
    return socket;
  }

  #receive(frame: V1ServerFrame): void {
    // At once: the room's messages follow the answer to a join immediately.
    if (frame.type === 'room-joined') {
      this.#enteredIn = this.#asked;
      this.#names.clear();
    } else if (frame.type === 'room-renamed') this.#names.add(frame.name);
    else if (frame.type === 'room-left') this.#enteredIn = undefined;
    else if (frame.type === 'message') {
      this.#position = { epoch: frame.epoch, seq: frame.seq };
      const enteredIn = this.#enteredIn ?? 0;
      this.record({ type: 'seen', by: this.name, life: lifeOf(frame.content), enteredIn });
    }
  }

  /** Undefined when no answer comes in time, or the socket ends. */
  async #answer(fits: (frame: V1ServerFrame) => boolean): Promise<V1ServerFrame | undefined> {
    return this.#socket?.next(fits, ANSWER_MS).catch(() => undefined);
  }
}
