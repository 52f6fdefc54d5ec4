import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '@chorus/auth';
import {
  ChorusApi,
  ChorusClient,
  type ClientOptions,
  type Gap,
  type Message,
  type Room,
} from '@chorus/client';
import { createPrng, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { ChaosProxy } from '../support/servers/chaos-proxy.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** Who has missed more is sent to the history. */
const RECOVERABLE = 20;
const SEED = 20_260;

describe('the client, over a network that breaks', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let proxy: ChaosProxy;
  let people: Person[];
  let room: number;
  let clients: ChorusClient[];
  before(async () => {
    const env = {
      RECOVERY_MAX_MESSAGES: String(RECOVERABLE),
      MAX_MESSAGES_PER_SECOND: '500',
      MAX_CONNECTIONS_PER_ADDRESS: '100000',
      PRESENCE_LEASE_MS: '2000',
      PRESENCE_GRACE_MS: '1000',
    };
    cluster = await startTestCluster({ gateways: 3, apis: 1, env });
    people = await Promise.all(Array.from({ length: 6 }, () => createPerson(cluster.url)));
  });
  after(() => cluster?.close());
  beforeEach(async () => {
    proxy = await ChaosProxy.start(cluster.url);
    clients = [];
    room = await createRoom(cluster.url, person(0));
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await proxy.close();
  });

  const person = (index: number): Person => {
    const found = people[index];
    if (found === undefined) throw new Error('there is no such person');
    return found;
  };
  const start = (token: ClientOptions['token'], options: ClientOptions = {}): ChorusClient => {
    const client = new ChorusClient({
      ...{ url: proxy.url, token: token ?? '', webSocket: WebSocket, backoff: { baseMs: 50, capMs: 300 } },
      ...{ askAfterMs: 300, answerWithinMs: 700 },
      ...options,
    });
    clients.push(client);
    client.connect();
    return client;
  };
  /** What the application hears. */
  const listen = (joined: Room): { room: Room; messages: Message[]; gaps: Gap[] } => {
    const heard = { room: joined, messages: [] as Message[], gaps: [] as Gap[] };
    joined.on('message', (message) => heard.messages.push(message));
    joined.on('gap', (gap) => heard.gaps.push(gap));
    return heard;
  };
  /** All that was said, as the API has it. */
  const history = async (): Promise<Message[]> => {
    const api = new ChorusApi({ url: cluster.url, token: person(0).token });
    const all: Message[] = [];
    for (let after: string | null = '0-0'; after !== null; ) {
      const page = await api.messages(room, { after, limit: 100 });
      all.push(...page.messages);
      after = page.after;
    }
    return all;
  };
  const idsOf = (messages: readonly Message[]): string[] => messages.map(({ id }) => id);

  it('shows every application all that was said, once and in order, and sends everything once', async () => {
    const prng = createPrng(SEED);
    const heard = people.map(({ token }) => listen(start(token).join(room)));
    await Promise.all(heard.map((each) => each.room.joined()));
    const sent: Array<Promise<unknown>> = [];
    let over = false;
    const faults = async (): Promise<number> => {
      let count = 0;
      for (; !over; count++) {
        await sleep(prng.between(20, 80));
        const { connections } = proxy;
        if (connections.length === 0) continue;
        const victim = prng.pick(connections);
        const kind = prng.between(1, 4);
        if (kind <= 2) victim.cut();
        else if (kind === 3) victim.delay(prng.between(50, 400));
        else {
          victim.freeze();
          setTimeout(() => victim.cut(), 2_000);
        }
      }
      return count;
    };
    const breaking = faults();
    const [doomed] = cluster.gateways;
    for (let turn = 0; turn < 60; turn++) {
      for (const each of heard) sent.push(each.room.send(`${sent.length}`));
      if (turn === 20) doomed?.kill('SIGKILL');
      await sleep(prng.between(20, 120));
    }
    const results = Promise.all(sent);
    await Promise.race([results, sleep(15_000)]);
    over = true;
    expect(await breaking).to.be.above(50);
    await results;
    await doomed?.start();
    const all = await history();
    expect(all.map(({ content }) => Number(content)).sort((a, b) => a - b)).to.deep.equal(
      sent.map((_, n) => n),
    );
    for (const { messages, gaps } of heard) {
      await eventually(() => expect(messages).to.have.length(all.length));
      expect(idsOf(messages)).to.deep.equal(idsOf(all));
      expect(gaps).to.deep.equal([]);
    }
    // What one has said is in the order in which it was said, too.
    for (const { id } of people) {
      const own = all.filter(({ userId }) => userId === id).map(({ content }) => Number(content));
      expect(own).to.deep.equal([...own].sort((a, b) => a - b));
    }
    expect(proxy.taken).to.be.above(people.length * 4);
  });

  it('fills a long absence from the history, and joins it with what is live and what is older', async () => {
    const early = start(person(0).token).join(room);
    for (let index = 0; index < 30; index++) await early.send(`before ${index}`);
    const away = start(person(1).token);
    const heard = listen(away.join(room));
    await heard.room.joined();
    away.disconnect();
    const others = [2, 3, 4, 5].map((index) => start(person(index).token).join(room));
    const talk = (count: number, what: string): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, (_, index) => others[index % 4]?.send(`${what} ${index}`)));
    await talk(230, 'meanwhile');
    const own = heard.room.send('back again');
    away.connect();
    await Promise.all([own, talk(100, 'live')]);
    const all = await history();
    await eventually(() => expect(heard.messages).to.have.length(331));
    const pages: Message[] = [];
    for (let page = await heard.room.older(20); page.length > 0; page = await heard.room.older(20)) {
      pages.unshift(...page);
    }
    expect(idsOf([...pages, ...heard.messages])).to.deep.equal(idsOf(all));
    expect(heard.gaps).to.deep.equal([]);
  });

  it('notices a connection that is frozen, and misses nothing', async () => {
    const frozen = start(person(0).token);
    const heard = listen(frozen.join(room));
    await heard.room.joined();
    for (const connection of proxy.connections) connection.freeze();
    const other = start(person(1).token).join(room);
    const states: string[] = [];
    frozen.on('state', (state) => states.push(state.status === 'waiting' ? state.reason : state.status));
    await Promise.all([other.send('a'), heard.room.send('b')]);
    await eventually(() => expect(heard.messages).to.have.length(2));
    expect(states).to.deep.equal(['silent', 'connecting', 'connected']);
  });

  it('keeps its connection when its token is renewed in time', async () => {
    const { id, username } = person(0);
    const tokens = new Tokens(cluster.jwtSecret, 3);
    let asked = 0;
    const client = start(() => {
      asked++;
      return tokens.sign({ id, username });
    });
    await client.join(room).joined();
    const { state } = client;
    await eventually(() => expect(asked).to.be.at.least(4), 12_000);
    expect(client.state).to.equal(state);
  });

  it('ends when its token does and there is no other', async () => {
    const { id, username } = person(0);
    const client = start(new Tokens(cluster.jwtSecret, 2).sign({ id, username }));
    await eventually(() => expect(client.state.status).to.equal('closed'));
    expect(client.state).to.deep.nested.include({ 'error.code': 'unauthenticated' });
    const again = start('nonsense');
    await eventually(() => expect(again.state).to.deep.nested.include({ 'error.code': 'unauthenticated' }));
  });

  it('knows who is in the room, on whichever gateway, and who types', async () => {
    const rooms = people.slice(0, 3).map(({ token }) => start(token).join(room));
    const [first, second] = rooms;
    const everybody = people.slice(0, 3).map(({ id, username }) => ({ id, username }));
    for (const each of rooms) {
      await eventually(() => expect(each.members).to.deep.equal(everybody.sort((a, b) => a.id - b.id)));
    }
    second?.typing();
    await eventually(() => expect(first?.typists.map(({ id }) => id)).to.deep.equal([person(1).id]));
    expect(second?.typists).to.deep.equal([]);
    await clients[2]?.close();
    await eventually(() => expect(first?.members).to.have.length(2));
  });

  it('follows what it says until it is stored, over an interruption', async () => {
    const client = start(person(0).token);
    const joined = client.join(room);
    await joined.send('hello');
    for (const connection of proxy.connections) connection.cut();
    await joined.send('again');
    await eventually(() => expect(joined.deliveries).to.deep.equal([]), 15_000);
  });

  if ('WebSocket' in globalThis) {
    it("works with the platform's own WebSocket", async () => {
      const { token } = person(0);
      const options = { url: proxy.url, token, backoff: { baseMs: 50, capMs: 300 } };
      const client = new ChorusClient(options);
      clients.push(client);
      client.connect();
      const heard = listen(client.join(room));
      await heard.room.send('a');
      for (const connection of proxy.connections) connection.cut();
      await heard.room.send('b');
      expect(heard.messages.map(({ content }) => content)).to.deep.equal(['a', 'b']);
    });
  }
});
