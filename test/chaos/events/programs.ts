import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable } from '@chorus/service';
import { createPrng } from '@chorus/testing';
import type { EventsSeen } from '../history/events.js';
import type { ProgramsWorld, World } from '../worlds/world.js';
import { EventReader } from './event-reader.js';
import { WebhookReceiver } from './receiver.js';
import { addWitness, witnessed } from './witness.js';

export interface ProgramsOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Receives what is not as it must be. */
  say(line: string): void;
}

const SETTLED_MS = 60_000;
const LOOK_MS = 200;

/** Two programs that are told of every event: one reads the log, one is the endpoint of a webhook. */
export class Programs implements Closeable {
  #reading: Promise<void> = Promise.resolve();

  private constructor(
    private readonly world: ProgramsWorld,
    readonly receiver: WebhookReceiver,
    private readonly reader: EventReader,
    private readonly options: ProgramsOptions,
    private readonly stop: AbortController,
  ) {}

  /** Before anything happens that the programs are to be told of. */
  static async start(
    { url }: Pick<World, 'url'>,
    world: ProgramsWorld,
    options: ProgramsOptions,
  ): Promise<Programs> {
    await world.database(addWitness);
    const receiver = new WebhookReceiver(createPrng(options.seed + 3));
    await receiver.start();
    try {
      const webhook = (await world.operate('POST /webhooks', { url: receiver.url })) as { secret: string };
      receiver.secret = webhook.secret;
      const key = { name: 'chaos', scopes: ['events:read'] };
      const { key: token } = (await world.operate('POST /keys', key)) as { key: string };
      const stop = new AbortController();
      const signal = AbortSignal.any([options.signal, stop.signal]);
      const programs = new Programs(world, receiver, new EventReader({ url, token, signal }), options, stop);
      programs.#read();
      return programs;
    } catch (error) {
      await receiver.close();
      throw error;
    }
  }

  /** Resolves when nothing is left to be received. After everything is stored. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLED_MS;
    let missing = await this.#missing();
    while (missing !== undefined && performance.now() < deadline) {
      await sleep(LOOK_MS, undefined, { signal: this.options.signal });
      missing = await this.#missing();
    }
    if (missing !== undefined) this.options.say(`programs: ${missing}`);
    this.stop.abort();
    await this.#reading;
  }

  async observe(): Promise<EventsSeen> {
    const changes = await this.world.database(witnessed);
    const { pulled, position } = this.reader;
    // The webhook goes on after the log was read for the last time.
    const deliveries = this.receiver.deliveries.filter(
      ({ event }) => Number(event.id.replace('evt_', '')) <= position,
    );
    return { pulled: [...pulled], deliveries, changes };
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.receiver.set('failing');
    await this.receiver.close();
  }

  #read(): void {
    this.#reading = this.reader.run();
    // A log that cannot be read shows in what is missing.
    this.#reading.catch((error: unknown) => this.options.say(`the log of events: ${String(error)}`));
  }

  /** Returns what a program has not received yet; undefined when it has everything. */
  async #missing(): Promise<string | undefined> {
    const { waiting, last } = await this.world.database(async (client) => {
      const { rows } = await client.query<{ waiting: string; last: string }>(
        'SELECT (SELECT count(*) FROM event_outbox) AS waiting, position AS last FROM event_log',
      );
      return { waiting: Number(rows[0]?.waiting), last: Number(rows[0]?.last) };
    });
    if (waiting > 0) return `${waiting} events have no position`;
    if (this.reader.position < last) return `the log is read up to ${this.reader.position} of ${last}`;
    const { deliveries } = this.receiver;
    const got = new Set(deliveries.filter(({ answer }) => answer !== 'refused').map(({ event }) => event.id));
    return got.size < last ? `the webhook has ${got.size} of ${last} events` : undefined;
  }
}
