import type { ControlEvent } from '@chorus/broker';
import { type AccessVerdict, MemoryAccessList } from '@chorus/control';
import { createDatabase, type Database } from '@chorus/database';
import { freePort } from '@chorus/local';
import { UnavailableError } from '@chorus/redis';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase, startApi } from '../testing/api.js';
import { RevokedSessionRepository } from './revoked-session-repository.js';
import { SessionService } from './service.js';

const ann = { id: 1, username: 'ann' };

describe('SessionService', function () {
  this.timeout(60_000);
  let db: Database;
  /** No server listens at its address. */
  let away: Database;
  let access: MemoryAccessList;
  let events: ControlEvent[];

  before(async () => {
    db = (await openDatabase()).db;
    const url = `postgresql://chorus@127.0.0.1:${await freePort()}/chorus`;
    away = createDatabase(url, { poolSize: 1, timeoutMs: 1_000 });
  });
  after(() => Promise.all([db.$disconnect(), away.$disconnect()]));
  beforeEach(async () => {
    await db.revokedSession.deleteMany();
    access = new MemoryAccessList();
    events = [];
  });

  const directory = {
    announce: async (event: ControlEvent): Promise<void> => {
      events.push(event);
    },
  };
  const service = (over: { db?: Database; access?: MemoryAccessList } = {}): SessionService =>
    new SessionService(
      new RevokedSessionRepository(over.db ?? db),
      over.access ?? access,
      directory,
      silentLog,
    );
  const verdict = async (tokenId: string, list = access): Promise<AccessVerdict | undefined> =>
    (await list.check([{ userId: ann.id, tokenId }]))[0];
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    );
  const ended = (tokenId: string, secondsAgo: number): Promise<number> => db.$executeRaw`
    INSERT INTO revoked_sessions VALUES (${tokenId}, now() - ${secondsAgo} * interval '1 s')`;

  it('ends a session in the list and in PostgreSQL, also repeatedly', async () => {
    for (let time = 0; time < 2; time++) await service().end('gone');
    expect(await verdict('gone')).to.equal('revoked');
    expect(events).to.deep.equal(Array(2).fill({ type: 'token-revoked', tokenId: 'gone' }));
    const stored = await db.revokedSession.findMany();
    expect(stored.map(({ tokenId }) => tokenId)).to.deep.equal(['gone']);
    expect(stored[0]?.endsAt.getTime()).to.be.within(Date.now() + 3_540_000, Date.now() + 3_660_000);
  });

  it('restores sessions in a list that lacks them, and closes their sockets', async () => {
    const all = Array.from({ length: 1_100 }, (_, index) => `token-${String(index).padStart(4, '0')}`);
    await db.$executeRaw`
      INSERT INTO revoked_sessions SELECT id, now() + interval '1 hour' FROM unnest(${all}::text[]) AS id`;
    await access.addRevocations(all.slice(1).map((tokenId) => ({ tokenId, expiresAt: Date.now() })));
    await service().bringIn();
    expect(await access.check(all.map((tokenId) => ({ userId: 1, tokenId })))).to.deep.equal(
      all.map(() => 'revoked'),
    );
    expect(events).to.deep.equal([{ type: 'token-revoked', tokenId: all[0] }]);
    await service().bringIn();
    expect(events).to.have.length(1);
  });

  it('deletes sessions whose last token has expired by every clock', async () => {
    await ended('just', 60);
    await ended('long', 3_600);
    await service().bringIn();
    expect([await verdict('just'), await verdict('long')]).to.deep.equal(['revoked', 'ok']);
    expect(await db.revokedSession.findMany({ select: { tokenId: true } })).to.deep.equal([
      { tokenId: 'just' },
    ]);
  });

  it('ends a session at once although PostgreSQL is unavailable, and reports that this may not last', async () => {
    expect(await failure(service({ db: away }).end('gone'))).to.be.instanceOf(Error);
    expect(await verdict('gone')).to.equal('revoked');
    expect(events).to.have.length(1);
    await service().end('gone');
    expect(await db.revokedSession.count()).to.equal(1);
  });

  it('ends a session later that was signed out while Redis was unavailable', async () => {
    class Unreachable extends MemoryAccessList {
      override async revoke(): Promise<void> {
        throw new UnavailableError('away');
      }
    }
    const failed = await failure(service({ access: new Unreachable() }).end('gone'));
    expect(failed).to.be.instanceOf(UnavailableError);
    await service().bringIn();
    expect(await verdict('gone')).to.equal('revoked');
    expect(events).to.deep.equal([{ type: 'token-revoked', tokenId: 'gone' }]);
  });

  it('keeps sign-outs over a restart of an API whose list lives in its memory', async () => {
    const first = await startApi(db);
    await first.mirrored();
    const [gone, other] = [first.client.as(ann), first.client.as(ann)];
    expect((await gone.get('/api/users/logout')).status).to.equal(200);
    await first.close();
    const second = await startApi(db);
    await second.mirrored();
    const status = async (path: string, method = 'GET') => {
      const { headers } = gone;
      return (await second.client.with(headers).send(method, path)).status;
    };
    expect(await status('/ws/get-rooms')).to.equal(401);
    expect(await status('/api/users/refresh', 'POST')).to.equal(401);
    expect((await second.client.with(other.headers).get('/ws/get-rooms')).status).to.equal(200);
    await second.close();
  });

  it('answers 503 to a sign-out that PostgreSQL cannot store, and clears the cookie', async () => {
    const running = await startApi(away);
    const answer = await running.client.as(ann).get('/api/users/logout');
    expect([answer.status, answer.headers.get('set-cookie')]).to.deep.equal([
      503,
      'jwt=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax',
    ]);
    await running.close();
  });
});
