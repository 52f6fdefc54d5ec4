import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('DELETE /api/rooms/:roomId', function () {
  this.timeout(60_000);
  let db: Database;
  let api: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    api = await startApi(db);
    await api.mirrored();
    client = api.client.as({ id: 1, username: 'ann' });
  });
  beforeEach(() => db.$executeRaw`TRUNCATE rooms CASCADE`);
  after(async () => {
    await api.close();
    await db.$disconnect();
  });

  const create = async (): Promise<number> =>
    (await client.post('/api/rooms', { id: 5, name: 'room' })).status;
  const fill = (messages: number) => db.$executeRaw`
    INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
    SELECT 5, 1, seq, seq, 1, 'ann', 'm', now() FROM generate_series(1, ${messages}::int) seq`;
  const messages = async (): Promise<unknown[]> =>
    (await client.get('/api/rooms/5/messages?limit=1')).body.messages;

  it('frees the id of a small room at once, without its messages', async () => {
    await create();
    await fill(10);
    expect(await messages()).to.have.length(1);
    expect((await client.delete('/api/rooms/5')).status).to.equal(204);
    expect(await create()).to.equal(201);
    expect(await messages()).to.deep.equal([]);
  });

  it('removes a large room at once for users, and keeps its id until archivers have removed its messages', async () => {
    await create();
    await fill(2_500);
    expect((await client.delete('/api/rooms/5')).status).to.equal(204);
    expect((await client.get('/api/rooms/5')).status).to.equal(404);
    expect((await client.get('/api/rooms/5/messages')).status).to.equal(404);
    const refused = await client.post('/api/rooms', { id: 5, name: 'another' });
    expect([refused.status, refused.body.error]).to.deep.equal([409, 'id already exists']);
    expect((await client.post('/ws/create-room', { id: 5, name: 'another' })).status).to.equal(409);
    await db.$executeRaw`DELETE FROM messages`;
    await db.$executeRaw`DELETE FROM deleted_rooms`;
    expect(await create()).to.equal(201);
  });
});
