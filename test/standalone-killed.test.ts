import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookUpProcess } from '@chorus/local';
import { connectPlain, connectV1, until, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { readOn, type Said } from './support/archive.js';
import { createPerson, createRoom, type Person, request } from './support/clients/people.js';
import { TEST_SETTINGS } from './support/servers/cluster.js';
import { type Program, startProgram } from './support/servers/program.js';

/** Messages that a sender has in one room without an answer. */
const WINDOW = 5;

/** One user in one room: sends message after message, and after a crash what was not acked again under the same id. */
class Sender {
  /** By content, which is the id as well. */
  readonly acked = new Map<string, string>();
  /** In the order of sending. */
  #unanswered: string[] = [];
  #socket: V1Socket | undefined;
  #sent = 0;

  constructor(
    readonly person: Person,
    readonly room: number,
  ) {}

  begin(socket: V1Socket): void {
    this.#socket = socket;
    for (const content of this.#unanswered) this.#send(content);
    this.#fill();
  }

  /** Sends nothing new from now on. */
  stop(): void {
    this.#sent = Number.POSITIVE_INFINITY;
  }

  /** Whether everything was acked. */
  get done(): boolean {
    return this.#unanswered.length === 0;
  }

  ack(content: string, position: string): void {
    const first = this.acked.get(content);
    if (first !== undefined && first !== position) throw new Error(`${content} at ${first} and ${position}`);
    this.acked.set(content, position);
    this.#unanswered = this.#unanswered.filter((waiting) => waiting !== content);
    this.#fill();
  }

  #fill(): void {
    while (this.#unanswered.length < WINDOW && Number.isFinite(this.#sent)) {
      const content = `${this.person.id}-${this.room}-${this.#sent++}`;
      this.#unanswered.push(content);
      this.#send(content);
    }
  }

  #send(content: string): void {
    this.#socket?.send({ type: 'publish', roomId: this.room, clientMsgId: content, content });
  }
}

const positionOf = ({ epoch, seq }: { epoch: number; seq: number }): string => `${epoch}-${seq}`;

describe('standalone, killed', function () {
  this.timeout(240_000);
  let dataDir: string;
  let program: Program | undefined;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'chorus-standalone-'));
  });

  after(async () => {
    await kill('SIGKILL');
    await until(() => !existsSync(join(dataDir, 'postgres/cluster/postmaster.pid')));
    await rm(dataDir, { recursive: true });
  });

  let url = '';
  /** Each test goes on with the data and the process of the one before. */
  const started = async (): Promise<string> => url || start();
  const start = async (): Promise<string> => {
    program = startProgram('dist/standalone.js', [], {
      ...TEST_SETTINGS,
      PORT: '0',
      DATA_DIR: dataDir,
      MAX_MESSAGES_PER_SECOND: '100000',
      // What is stored is not stored because time has passed.
      ARCHIVE_INTERVAL_MS: '60000',
    });
    [, url = ''] = await program.printed(/(http:\/\/\S+)/);
    return url;
  };
  const kill = async (signal: NodeJS.Signals): Promise<unknown> => {
    program?.kill(signal);
    return program?.ended;
  };
  const contents = (said: readonly Said[]): string[] => said.map(({ content }) => content);

  for (const signal of ['SIGHUP', 'SIGKILL'] as const) {
    it(`has everything that was acked or delivered before ${signal}, and starts in the same moment`, async () => {
      const url = await started();
      const ada = await createPerson(url);
      const room = await createRoom(url, ada);
      const socket = await connectV1(url, ada.token);
      await socket.join(room);
      const sent = Array.from({ length: 20 }, (_, n) => `m${n}`);
      for (const content of sent) {
        socket.send({ type: 'publish', roomId: room, clientMsgId: content, content });
        await socket.of('ack');
      }
      const plain = await connectPlain(url, room, ada.token);
      plain.send('plain');
      await plain.message('plain');
      const pidFile = join(dataDir, 'postgres/cluster/postmaster.pid');
      const database = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
      const status = await kill(signal);
      if (signal === 'SIGHUP') expect([status, program?.stderr]).to.deep.equal([0, '']);
      const next = await start();
      expect(await lookUpProcess(database), 'its PostgreSQL has ended with it').to.equal(undefined);
      expect((await request(`${next}/readyz`)).status).to.equal(200);
      expect(contents(await readOn(next, ada, room))).to.deep.equal([...sent, 'plain']);
    });
  }

  it('has every read position that it has confirmed', async () => {
    const url = await started();
    const [ada, ben] = await Promise.all([createPerson(url), createPerson(url)]);
    const room = await createRoom(url, ada);
    const path = `/api/rooms/${room}`;
    await request(`${url}${path}/members/${ben.id}`, {
      method: 'PUT',
      token: ada.token,
      body: { role: 'member' },
    });
    const socket = await connectV1(url, ada.token);
    await socket.join(room);
    socket.send({ type: 'publish', roomId: room, clientMsgId: 'm', content: 'm' });
    const { epoch, seq } = await socket.of('ack');
    const position = `${epoch}-${seq}`;
    const marked = await request(`${url}${path}/read`, {
      method: 'PUT',
      token: ben.token,
      body: { position },
    });
    expect(marked.status).to.equal(200);
    await kill('SIGKILL');
    const { body } = await request(`${await start()}/api/inbox?roomId=${room}`, { token: ben.token });
    expect(body).to.have.nested.property('rooms[0].readPosition', position);
  });

  it('loses nothing and stores nothing twice under load, time after time', async () => {
    await started();
    const people = await Promise.all(['ada', 'ben', 'cyd'].map((name) => createPerson(url, name)));
    const [ada] = people;
    if (ada === undefined) throw new Error('nobody');
    const rooms = await Promise.all([1, 2].map(() => createRoom(url, ada)));
    const senders = people.flatMap((person) => rooms.map((room) => new Sender(person, room)));
    /** Of each socket, what it received of a room, in order. */
    const seen: Array<{ room: number; said: Said[] }> = [];
    let acks = 0;

    const connect = async (person: Person): Promise<V1Socket> => {
      const socket = await connectV1(url, person.token);
      const received = new Map(rooms.map((room) => [room, { room, said: [] as Said[] }]));
      seen.push(...received.values());
      socket.socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'message') received.get(frame.roomId)?.said.push(frame);
        if (frame.type !== 'ack') return;
        acks++;
        const sender = senders.find((each) => each.person === person && each.room === frame.roomId);
        sender?.ack(frame.clientMsgId, positionOf(frame));
      });
      for (const room of rooms) await socket.join(room);
      for (const sender of senders) if (sender.person === person) sender.begin(socket);
      return socket;
    };

    const ROUNDS = 3;
    for (let round = 1; round <= ROUNDS; round++) {
      await Promise.all(people.map(connect));
      const enough = acks + randomInt(50, 300);
      await until(() => acks >= enough);
      await sleep(randomInt(10));
      await kill('SIGKILL');
      await start();
    }
    for (const sender of senders) sender.stop();
    await Promise.all(people.map(connect));
    await until(() => senders.every(({ done }) => done));

    for (const room of rooms) {
      const history = await readOn(url, ada, room);
      const places = new Map(history.map((message) => [message.content, positionOf(message)]));
      expect(places.size, 'each message once').to.equal(history.length);
      expect(new Set(places.values()).size, 'each place once').to.equal(history.length);
      for (const sender of senders.filter((each) => each.room === room)) {
        for (const [content, position] of sender.acked) {
          expect(places.get(content), `${content} was acked`).to.equal(position);
        }
        const own = contents(history).filter((content) => content.startsWith(`${sender.person.id}-`));
        expect(own, 'in the order of sending').to.deep.equal([...sender.acked.keys()].sort(byNumber));
      }
      const order = new Map(history.map((message, index) => [positionOf(message), index]));
      for (const { said } of seen.filter((each) => each.room === room)) {
        const indices = said.map((message) => order.get(positionOf(message)) ?? -1);
        expect(said.map(({ content }) => content)).to.deep.equal(
          indices.map((index) => history[index]?.content),
        );
        for (const [at, index] of indices.entries()) {
          if (at > 0)
            expect(index, 'in the order of the history, without a hole').to.equal((indices[at - 1] ?? 0) + 1);
        }
      }
    }
  });
});

/** Of messages of one sender in one room. */
function byNumber(one: string, other: string): number {
  return Number(one.split('-')[2]) - Number(other.split('-')[2]);
}
