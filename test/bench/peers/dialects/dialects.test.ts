import { EventEmitter, once } from 'node:events';
import { type Conversation, type Dialect, messageText } from '@chorus/loadtest';
import { Closer } from '@chorus/service';
import { expect } from 'chai';
import WebSocket from 'ws';
import { SYSTEMS } from '../systems/index.js';
import type { RunningSystem, System } from '../systems/system.js';

/** One connection over the library `ws`, with the events of its conversation. */
class Participant {
  readonly numbers: number[] = [];
  readonly joins: Array<boolean | undefined> = [];
  readonly #told = new EventEmitter();
  readonly #conversation: Conversation;
  #socket: WebSocket | undefined;
  #closed: Promise<unknown> | undefined;

  constructor(
    private readonly dialect: Dialect,
    private readonly target: string,
    private readonly room: number,
  ) {
    this.#conversation = dialect.converse(
      [room],
      {
        joined: (_room, recovered) => {
          this.joins.push(recovered);
          this.#told.emit('told');
        },
        message: (number) => {
          this.numbers.push(number);
          this.#told.emit('told');
        },
        acked: () => undefined,
        refused: () => undefined,
        goAway: () => undefined,
        failed: (why) => this.#told.emit('error', new Error(why)),
      },
      (text) => this.#socket?.send(text),
    );
  }

  async connect(): Promise<void> {
    const who = { userId: 1, username: 'user1', token: undefined };
    const { path, headers, protocols } = this.dialect.handshake(who, [this.room], new Map());
    const socket = new WebSocket(this.target + path, [...protocols], { headers });
    this.#socket = socket;
    this.#closed = once(socket, 'close');
    // A conversation must not read what is before and after the frame in the buffer.
    socket.on('message', (data: Buffer) => {
      const around = Buffer.concat([Buffer.from('~0000000009~'), data, Buffer.from('~0000000009~')]);
      this.#conversation.received(around, 12, 12 + data.length);
    });
    const joins = this.joins.length;
    await once(socket, 'open');
    this.#conversation.opened(new Map());
    await this.until(() => this.joins.length > joins);
  }

  say(number: number): void {
    this.#conversation.publish(this.room, number, messageText(number, 64));
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await once(this.#told, 'told');
  }

  /** With a close frame, so that the server has noticed when this resolves. */
  async leave(): Promise<void> {
    this.#socket?.close();
    await this.#closed;
  }
}

const load = async (system: System): Promise<Dialect> =>
  ((await import(system.dialect ?? '')) as { dialect: Dialect }).dialect;

describe('dialects of the peers', function () {
  this.timeout(30_000);

  for (const system of SYSTEMS.filter(({ dialect }) => dialect !== undefined)) {
    describe(system.title, () => {
      const closer = new Closer();
      let running: RunningSystem;
      let dialect: Dialect;

      before(async () => {
        running = closer.add(await system.start(2, 2));
        dialect = await load(system);
      });

      after(() => closer.close());

      const join = async (node: number, room: number): Promise<Participant> => {
        const participant = new Participant(dialect, running.targets[node] ?? '', room);
        closer.defer(() => participant.leave());
        await participant.connect();
        return participant;
      };

      /** Publishes numbers from `first` on until one arrives: nodes subscribe after the join is answered. */
      const hears = async (listener: Participant, speaker: Participant, first: number): Promise<void> => {
        const heard = (): boolean => listener.numbers.some((number) => number >= first);
        let number = first;
        const timer = setInterval(() => speaker.say(number++), 20);
        await listener.until(heard).finally(() => clearInterval(timer));
      };

      it('deliver a message to the members of the room on both nodes, and to no other client', async () => {
        const [ann, bob, eve] = [await join(0, 1), await join(1, 1), await join(1, 2)];
        await hears(bob, ann, 1_000);
        await hears(ann, bob, 2_000);
        await hears(eve, eve, 3_000);
        ann.say(1);
        bob.say(2);
        const heard = (who: Participant) => who.numbers.filter((number) => number < 1_000);
        await Promise.all([ann, bob].map((who) => who.until(() => heard(who).length === 2)));
        expect([...heard(ann)].sort()).to.deep.equal([1, 2]);
        expect([...heard(bob)].sort()).to.deep.equal([1, 2]);
        expect(eve.numbers.filter((number) => number < 3_000)).to.deep.equal([]);
      });

      it(`${system.recovers ? 'send' : 'do not send'} missed messages to a client that reconnects`, async () => {
        const [ann, bob, eve] = [await join(0, 1), await join(1, 1), await join(1, 1)];
        await hears(bob, ann, 1_000);
        ann.say(1);
        await bob.until(() => bob.numbers.includes(1));
        await bob.leave();
        ann.say(2);
        // It has reached the node to which Bob reconnects.
        await eve.until(() => eve.numbers.includes(2));
        await bob.connect();
        await hears(bob, ann, 2_000);
        expect(bob.numbers.includes(2)).to.equal(system.recovers);
        expect(bob.joins.at(-1)).to.equal(system.recovers ? true : undefined);
      });
    });
  }
});
