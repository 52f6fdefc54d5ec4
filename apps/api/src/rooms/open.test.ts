import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('the room routes with AUTH=open', function () {
  this.timeout(60_000);
  let db: Database;
  let open: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
    open = await startApi(db, { AUTH: 'open' });
  });
  beforeEach(() => db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`);
  after(async () => {
    await open.close();
    await db.$disconnect();
  });

  it('logs a warning at the start', () => {
    expect(
      open.log.filter((line) => line.includes('AUTH=open') && line.includes('"level":40')),
    ).to.have.length(1);
  });

  it('need no token and trust the query', async () => {
    const created = await open.client.post('/api/rooms?userId=7&username=eve', { id: 1, name: 'room1' });
    expect(created.body).to.include({ id: 1, createdBy: 7 });
    expect((await open.client.get('/ws/get-rooms')).body).to.deep.equal([{ id: 1, name: 'room1' }]);
    expect((await open.client.delete('/api/rooms/1?userId=8')).status).to.equal(403);
    expect((await open.client.delete('/api/rooms/1?userId=7')).status).to.equal(204);
  });

  it('let every user change a room without a creator, but not with AUTH=token', async () => {
    const created = await open.client.post('/ws/create-room', { name: 'nobody’s' });
    const room = `/api/rooms/${created.body.id}`;
    expect((await open.client.get(room)).body.createdBy).to.equal(null);
    const strict = await startApi(db);
    const ann = strict.client.as({ id: 1, username: 'ann' });
    expect((await ann.patch(room, { name: 'mine' })).status).to.equal(403);
    await strict.close();
    expect((await open.client.patch(room, { name: 'ours' })).body.name).to.equal('ours');
  });

  it('let every user delete messages of others in a room without a creator only', async () => {
    const answers: unknown[] = [];
    for (const [at, creator] of ['', '?userId=9&username=eve'].entries()) {
      const { body } = await open.client.post(`/ws/create-room${creator}`, { name: `room of ${creator}` });
      const sent = { epoch: 1, seq: 1, sentAt: new Date(), messageId: `m${at}`, content: 'hi' };
      await db.message.create({ data: { roomId: body.id, userId: 8, username: 'ben', ...sent } });
      const path = `/api/rooms/${body.id}/messages/1-1?userId=7&username=ann`;
      const { status, body: answer } = await open.client.delete(path);
      answers.push(answer.code ?? status);
    }
    expect(answers).to.deep.equal([200, 'role_required']);
  });

  it('refuse a query that names no user', async () => {
    expect((await open.client.get('/ws/get-rooms?userId=ann')).status).to.equal(400);
  });

  it('still require a token for the user’s own data', async () => {
    expect((await open.client.get('/api/users/me?userId=1')).status).to.equal(401);
  });
});
