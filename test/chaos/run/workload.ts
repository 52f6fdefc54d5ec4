import { createPrng } from '@chorus/testing';
import type { ChatClient } from '../clients/chat-client.js';
import type { Participant } from '../clients/participant.js';

const TICK_MS = 10;
/** A client with this number of unanswered messages waits, as people do. */
const MOST_UNANSWERED = 10;
const FILLER = 'Nothing lost, nothing twice, one order, no ghosts. '.repeat(6);

/** The history contains its result. */
function publish(client: ChatClient, ...message: Parameters<ChatClient['publish']>): void {
  client.publish(...message).catch(() => {});
}

/** Users who send at a steady rate, whether their gateways work or not. */
export class Workload {
  /** Number of messages that were due while their senders waited for answers. */
  heldBack = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(participants: readonly Participant[], rate: number, seed: number) {
    const prng = createPrng(seed);
    const start = performance.now();
    let due = 0;
    let said = 0;
    this.#timer = setInterval(() => {
      const now = performance.now() - start;
      for (; due < (now / 1_000) * rate; due++) {
        const { client, roomIds, username, twin } = prng.pick(participants);
        const roomId = prng.pick(roomIds);
        const content = `${username} says ${++said}: ${FILLER.slice(0, prng.between(0, 200))}`;
        const waiting = Math.max(client.unanswered, twin?.client.unanswered ?? 0);
        if (waiting >= MOST_UNANSWERED) this.heldBack++;
        else if (twin === undefined) publish(client, roomId, content);
        else {
          for (const each of [client, twin.client]) publish(each, roomId, content, `twin-${said}`);
        }
      }
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
