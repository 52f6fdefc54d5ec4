import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '@chorus/auth';
import { type ControlEvent, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { IGNORE } from '@chorus/broker/testing';
import { MemoryAccessList, type Subject } from '@chorus/control';
import type { Database } from '@chorus/database';
import type { HttpErrorCode } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, SECRET, startApi } from '../../testing/api.js';

const ann = { id: 1, username: 'ann' };
const bob = { id: 2, username: 'bob' };
const UNAVAILABLE = { error: 'temporarily unavailable, try again', code: 'unavailable' };
const CLEARED = 'jwt=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax';

/** An access list that records each check, and can be made unavailable. */
class WatchedAccessList extends MemoryAccessList {
  readonly asked: Array<readonly Subject[]> = [];
  readonly revokedUntil: number[] = [];
  away = false;
  /** Ends before a check is answered. */
  slow: () => Promise<unknown> = async () => {};

  override async check(subjects: readonly Subject[]) {
    this.#reach();
    this.asked.push(subjects);
    await this.slow();
    return super.check(subjects);
  }

  override async revoke(tokenId: string, expiresAt: number) {
    this.#reach();
    this.revokedUntil.push(expiresAt);
    return super.revoke(tokenId, expiresAt);
  }

  #reach(): void {
    if (this.away) throw new UnavailableError('Redis is not connected');
  }
}

describe('a valid token that is refused', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let access: WatchedAccessList;
  let events: ControlEvent[];
  let client: Client;
  let room: number;

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE bans`;
    const rooms = new MemoryRoomStore();
    events = [];
    access = new WatchedAccessList();
    running = await startApi(db, {}, { access, directory: new MemoryRoomDirectory(rooms) });
    await running.mirrored();
    rooms.channels.attach({
      ...IGNORE,
      onControl: (event) => events.push(event),
    });
    client = running.client;
    room = (await client.as(bob).post('/api/rooms', { name: 'room' })).body.id;
    access.asked.length = 0;
  });
  afterEach(() => running.close());

  /** In both, because the API keeps the list equal to PostgreSQL. */
  const ban = async (userId: number, roomId?: number): Promise<void> => {
    await db.ban.create({ data: { userId, roomId: roomId ?? null } });
    await access.ban({ userId, roomId });
  };
  const lift = async (userId: number): Promise<void> => {
    await db.ban.deleteMany({ where: { userId } });
    await access.lift({ userId });
  };

  it('a refused user learns nothing, even if what the request asks for is known before the refusal', async () => {
    await ban(ann.id);
    access.slow = () => sleep(200);
    const as = client.as(ann);
    for (const path of [
      `/api/rooms/${room}`,
      '/api/rooms/4000000',
      '/api/rooms?limit=1',
      '/api/rooms?limit=x',
      '/api/users/me',
      `/api/rooms/${room}/messages`,
      '/api/rooms/4000000/messages',
      '/api/inbox',
      '/api/inbox?roomId=4000000',
    ]) {
      const { status, body } = await as.get(path);
      expect([status, body.code], path).to.deep.equal([403, 'user_banned']);
    }
    access.slow = async () => {
      throw new UnavailableError('Redis is not connected');
    };
    for (const path of [`/api/rooms/${room}`, '/api/rooms/4000000', '/api/inbox']) {
      expect((await as.get(path)).status, path).to.equal(503);
    }
  });

  it('a token is renewed only for users who are admitted', async () => {
    const sender = client.as(ann);
    const renewed = await sender.send('POST', '/api/users/refresh');
    expect(renewed.status).to.equal(200);
    expect(renewed.body).to.include(ann);
    const text = /^jwt=([^;]+); HttpOnly; Path=\/; Max-Age=3600; SameSite=Lax$/.exec(
      renewed.headers.get('set-cookie') ?? '',
    )?.[1];
    const check = new Tokens(SECRET).verify(text);
    expect(check.ok && check.token.expiresAt).to.equal(renewed.body.expiresAt);
    expect(check.ok && [check.token.tokenId, check.token.user]).to.deep.equal([
      access.asked[0]?.[0]?.tokenId,
      ann,
    ]);
    await ban(ann.id);
    expect((await sender.send('POST', '/api/users/refresh')).status).to.equal(403);
    await lift(ann.id);
    access.away = true;
    expect((await sender.send('POST', '/api/users/refresh')).body).to.deep.equal(UNAVAILABLE);
    access.away = false;
    for (const stranger of [client, client.as(ann, new Tokens(SECRET, -1))]) {
      const answer = await stranger.send('POST', '/api/users/refresh');
      expect([answer.status, answer.headers.get('set-cookie')]).to.deep.equal([401, null]);
    }
  });

  const GENERAL = ['/api/users/me', '/ws/get-rooms', '/ws/get-clients', '/api/rooms'];
  const ofRoom = (id: number) => [`/ws/get-clients/${id}`, `/api/rooms/${id}`];
  const expectAll = async (
    sender: Client,
    paths: readonly string[],
    status: number,
    error: string,
    code: HttpErrorCode,
  ): Promise<Answer[]> => {
    const answers = await Promise.all(paths.map((path) => sender.get(path)));
    for (const [index, answer] of answers.entries()) {
      expect([answer.status, answer.body], paths[index]).to.deep.equal([
        status,
        paths[index]?.startsWith('/ws/') ? { error } : { error, code },
      ]);
    }
    return answers;
  };

  describe('signing out', () => {
    it('ends the token of the request, and no other of that user', async () => {
      const gone = client.as(ann);
      const other = client.as(ann);
      const answer = await gone.get('/api/users/logout');
      expect([answer.status, answer.body]).to.deep.equal([200, { message: 'logout successful' }]);
      const refused = await expectAll(
        gone,
        [...GENERAL, ...ofRoom(room)],
        401,
        'the token is not valid',
        'unauthenticated',
      );
      expect(refused[0]?.headers.get('www-authenticate')).to.equal('Bearer');
      expect((await gone.post('/ws/create-room', { name: 'x' })).status).to.equal(401);
      expect((await other.get('/ws/get-rooms')).status).to.equal(200);
    });

    it("sends the token's id to the gateways", async () => {
      const tokens = new Tokens(SECRET);
      const token = tokens.sign(ann);
      const check = tokens.verify(token);
      await client.with({ Authorization: `Bearer ${token}` }).get('/api/users/logout');
      await new Promise(setImmediate);
      const revoked = events.filter(({ type }) => type === 'token-revoked');
      expect(revoked).to.deep.equal([
        { type: 'token-revoked', tokenId: check.ok ? check.token.tokenId : undefined },
      ]);
    });

    it('ends every token of a session, renewed ones included, for as long as any of them could be valid', async () => {
      const tokens = new Tokens(SECRET);
      const first = tokens.verify(tokens.sign(ann));
      if (!first.ok) throw new Error('not a token');
      const bearer = (text: string): Client => client.with({ Authorization: `Bearer ${text}` });
      const early = bearer(tokens.renew(first.token).text);
      const late = bearer(tokens.renew(first.token).text);
      const before = Date.now();
      expect((await early.get('/api/users/logout')).status).to.equal(200);
      await expectAll(late, GENERAL, 401, 'the token is not valid', 'unauthenticated');
      expect((await late.send('POST', '/api/users/refresh')).status).to.equal(401);
      // A token that was signed a moment before the sign-out ends an hour after it.
      expect(access.revokedUntil.at(-1)).to.be.within(before + 3_600_000, Date.now() + 3_600_000);
    });

    it('can be repeated with one token, and works with an expired one', async () => {
      const gone = client.as(ann);
      for (const sender of [gone, gone, client.as(ann, new Tokens(SECRET, -1))]) {
        expect((await sender.get('/api/users/logout')).status).to.equal(200);
      }
    });

    it('clears the cookie and answers 503 when the token cannot be ended', async () => {
      access.away = true;
      const sender = client.as(ann);
      const answer = await sender.get('/api/users/logout');
      expect([answer.status, answer.body]).to.deep.equal([503, { error: UNAVAILABLE.error }]);
      expect(answer.headers.get('set-cookie')).to.equal(CLEARED);
      access.away = false;
      expect((await sender.get('/ws/get-rooms')).status).to.equal(200);
      expect((await sender.get('/api/users/logout')).status).to.equal(200);
    });

    it('answers 503 when the gateways cannot be notified, and the token has ended nevertheless', async () => {
      const announce = running.directory.announce;
      running.directory.announce = () => Promise.reject(new UnavailableError('away'));
      const sender = client.as(ann);
      expect((await sender.get('/api/users/logout')).status).to.equal(503);
      expect((await sender.get('/ws/get-rooms')).status).to.equal(401);
      running.directory.announce = announce;
      expect((await sender.get('/api/users/logout')).status).to.equal(200);
    });
  });

  describe('being banned', () => {
    it('from everything refuses a user on every route', async () => {
      await ban(ann.id);
      await expectAll(client.as(ann), [...GENERAL, ...ofRoom(room)], 403, 'you are banned', 'user_banned');
      expect((await client.as(ann).post('/api/rooms', { name: 'x' })).status).to.equal(403);
      expect((await client.as(bob).get('/ws/get-rooms')).status).to.equal(200);
    });

    it('from a room refuses a user in that room only', async () => {
      const other = (await client.as(bob).post('/api/rooms', { name: 'other' })).body.id;
      await ban(bob.id, room);
      await expectAll(client.as(bob), ofRoom(room), 403, 'you are banned from this room', 'banned');
      expect((await client.as(bob).patch(`/api/rooms/${room}`, { name: 'x' })).status).to.equal(403);
      expect((await client.as(bob).delete(`/api/rooms/${room}`)).status).to.equal(403);
      for (const path of [...ofRoom(other), '/ws/get-rooms', '/api/rooms']) {
        expect((await client.as(bob).get(path)).status, path).to.equal(200);
      }
      for (const path of ofRoom(room)) expect((await client.as(ann).get(path)).status, path).to.equal(200);
    });

    it('refuses the sign-in, and gives the reason only after the right password', async () => {
      const account = { username: 'cyd', email: 'cyd@example.com', password: 'rahasia' };
      const { id } = (await client.post('/api/users/signup', account)).body;
      await ban(id);
      const answer = await client.post('/api/users/signin', account);
      expect([answer.status, answer.body]).to.deep.equal([403, { error: 'you are banned' }]);
      expect(answer.headers.get('set-cookie')).to.equal(null);
      const wrong = await client.post('/api/users/signin', { ...account, password: 'guessed' });
      expect([wrong.status, wrong.body]).to.deep.equal([401, { error: 'wrong email or password' }]);
      await lift(id);
      expect((await client.post('/api/users/signin', account)).status).to.equal(200);
    });

    it('holds with AUTH=open as well, for the user that the query names', async () => {
      const open = await startApi(db, { AUTH: 'open' }, { access });
      await ban(ann.id);
      expect((await open.client.get(`/ws/get-rooms?userId=${ann.id}`)).status).to.equal(403);
      expect((await open.client.get('/ws/get-rooms')).status).to.equal(200);
      await open.close();
    });
  });

  it('is checked once per request, for user, token and room together', async () => {
    const sender = client.as(ann);
    for (const path of [...GENERAL, ...ofRoom(room)]) {
      access.asked.length = 0;
      await sender.get(path);
      expect(access.asked, path).to.have.length(1);
      expect(access.asked[0], path).to.have.length(1);
      const [subject] = access.asked[0] ?? [];
      expect(subject?.tokenId, path).to.be.a('string');
      expect(subject, path).to.include({
        userId: ann.id,
        roomId: ofRoom(room).includes(path) ? room : undefined,
      });
    }
  });

  it('refuses every user while it cannot be checked', async () => {
    access.away = true;
    await expectAll(client.as(ann), [...GENERAL, ...ofRoom(room)], 503, UNAVAILABLE.error, 'unavailable');
    await expectAll(client, ['/ws/get-rooms'], 401, 'a token is required', 'unauthenticated');
  });
});
