import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '@chorus/broker';
import { type LocalServer, startRedis } from '@chorus/local';
import { type Member, SUBPROTOCOL } from '@chorus/protocol';
import { type RedisClient, UnavailableError } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { createPrng, ensureTestRedis, eventually, type Prng } from '@chorus/testing';
import { expect } from 'chai';
import WebSocket from 'ws';
import type { Gateway } from '../create-gateway.js';
import { change } from '../testing/member-entries.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const USERS: readonly Member[] = [1, 2, 3, 4, 5].map((id) => ({ id, username: `user${id}` }));
/** Those above the last known one do not exist; user 1 is no member of private ones, which are even. */
const ROOMS = [1, 2, 3, 4, 5, 6, 7, 8];
const LAST_ROOM = 6;
const VISITS = 400;

describe('subscriptions of a gateway to rooms', function () {
  this.timeout(120_000);

  let server: LocalServer;
  let admin: RedisClient;
  let fixture: RedisGatewayFixture;
  let gateway: Gateway;
  let broker: Broker;
  let prng: Prng;
  /** Whether Redis fails now and then. */
  let trouble: boolean;

  before(ensureTestRedis);
  beforeEach(async () => {
    prng = createPrng(Number(process.env.SEED ?? 1));
    server = await startRedis();
    admin = await connectRedis(redisAt(server.url));
    fixture = await RedisGatewayFixture.open(server.url);
    trouble = true;
    gateway = await fixture.start(
      { ROOM_LINGER_MS: '10', PRESENCE_GRACE_MS: '10', MAX_CONNECTS_PER_SECOND_PER_USER: '10000' },
      unreliable,
    );
    broker = await fixture.broker();
    for (let room = 1; room <= LAST_ROOM; room++) await make(room);
    await (await fixture.memberships.beginRestoration()).complete();
  });
  afterEach(async () => {
    await fixture.close();
    admin.disconnect();
    await server.close();
  });

  const make = async (room: number): Promise<void> => {
    const isPrivate = room % 2 === 0;
    await fixture.directory.ensure(room, 0, room, isPrivate ? 'private' : 'public');
    if (!isPrivate) return;
    const membership = { role: 'member' } as const;
    await fixture.memberships.change(
      USERS.slice(1).map(({ id }) => ({ userId: id, roomId: room, membership })),
    );
  };
  /** Lets some calls fail, before they take effect or after that. */
  const unreliable = (own: Broker): Broker => {
    const sometimes = async <T>(call: () => Promise<T>): Promise<T> => {
      const chance = prng.next();
      if (trouble && chance < 0.1) throw new UnavailableError('before');
      const answer = await call();
      if (trouble && chance > 0.9) throw new UnavailableError('after');
      return answer;
    };
    const { subscribe, standing, stored, watchActivity } = own;
    own.subscribe = (room) => sometimes(() => subscribe.call(own, room));
    own.standing = (room, seen) => sometimes(() => standing.call(own, room, seen));
    own.stored = (room) => sometimes(() => stored.call(own, room));
    own.watchActivity = () => sometimes(() => watchActivity.call(own));
    return own;
  };
  const roomChannels = async (): Promise<string[]> =>
    ((await admin.pubsub('CHANNELS', '*')) as string[]).filter((channel) => channel.includes(':room:'));

  const headers = (user: Member): Record<string, string> => fixture.bearer(user);
  /** Opens a socket, sends frames in a row, and ends it at any moment. */
  const visit = async (path: string, protocols: string[]): Promise<void> => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, {
      headers: headers(prng.pick(USERS)),
    });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    if (prng.next() < 0.9) {
      await Promise.race([new Promise((resolve) => socket.once('open', resolve)), ended]);
      for (let n = prng.below(8); n > 0 && socket.readyState === WebSocket.OPEN; n--) {
        const roomId = prng.pick(ROOMS);
        const since = prng.next() < 0.3 ? { epoch: 1, seq: prng.below(9) } : undefined;
        const frame = prng.pick([
          { type: 'join', roomId, since },
          { type: 'join', roomId },
          { type: 'leave', roomId },
          { type: 'watch-inbox' },
        ]);
        socket.send(JSON.stringify(frame));
        if (prng.next() < 0.3) await sleep(prng.below(10));
      }
      await sleep(prng.below(20));
    }
    if (prng.next() < 0.5) socket.terminate();
    else socket.close();
    await ended;
  };
  /** Breaks off an upgrade. */
  const breakOff = async (): Promise<void> => {
    const socket = connectTcp(gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const lines = [
      `GET /ws/join-room/${prng.pick(ROOMS)} HTTP/1.1`,
      ...['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      `Authorization: ${headers(prng.pick(USERS)).authorization}`,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await sleep(prng.below(4));
    socket.destroy();
  };
  /** Something that concerns all sockets: removals, deleted rooms, cut connections to Redis. */
  const disturb = async (): Promise<void> => {
    const room = 1 + prng.below(LAST_ROOM);
    switch (prng.below(6)) {
      case 0:
        await admin.client('KILL', 'TYPE', 'pubsub');
        break;
      case 1:
        await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        break;
      case 2:
        await fixture.directory.remove(room);
        await make(room);
        break;
      default:
        await broker.publish(room, change(room, { change: 'member-removed', member: prng.pick(USERS) }));
    }
  };

  it('end with its sockets, whatever failed and in whichever order they came and went', async () => {
    const visits: Array<Promise<unknown>> = [];
    for (let n = 0; n < VISITS; n++) {
      const kind = prng.next();
      if (kind < 0.5) visits.push(visit('/ws/connect', [SUBPROTOCOL]));
      else if (kind < 0.7) visits.push(visit(`/ws/join-room/${prng.pick(ROOMS)}`, []));
      else if (kind < 0.8) visits.push(visit(`/ws/join-room/${prng.pick(ROOMS)}?since=1-1`, [SUBPROTOCOL]));
      else if (kind < 0.95) visits.push(breakOff());
      else visits.push(disturb().catch(() => undefined));
      await sleep(prng.below(10));
    }
    await Promise.all(visits);
    trouble = false;
    await eventually(async () =>
      expect([gateway.connections.size, await roomChannels()]).to.deep.equal([0, []]),
    );
  });
});
