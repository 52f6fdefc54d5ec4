import { expect } from 'chai';
import { createPerson, type Person, request } from '../../support/clients/people.js';
import { expectBody, expectError } from '../expectations.js';
import type { Target } from '../target.js';

interface Room {
  id: number;
  name: string;
  createdBy: number;
  createdAt: string;
  updatedAt: string;
}

interface Page {
  rooms: Room[];
  nextCursor: number | null;
}

const MAX_ID = Number.MAX_SAFE_INTEGER;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function describeRestRooms(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  before(async () => {
    ann = await createPerson(target().url, 'ann');
    bob = await createPerson(target().url, 'bob');
  });

  const call = (method: string, path: string, body?: unknown, by: Person = ann) =>
    request(`${target().url}/api/rooms${path}`, { method, body, token: by.token });
  const create = async (body: unknown): Promise<Room> => (await call('POST', '', body)).body as Room;

  describe('POST /api/rooms', () => {
    it('answers 201 with the room and where it is', async () => {
      const answer = await call('POST', '', { name: 'kitchen' });
      const { id, createdAt } = answer.body as Room;
      const room = {
        ...{ id, name: 'kitchen', kind: 'public', topic: '', slowModeSeconds: 0, role: 'owner' },
        ...{ retentionDays: null, createdBy: ann.id, createdAt, updatedAt: createdAt },
      };
      expectBody(answer, 201, room);
      expect(createdAt).to.match(ISO);
      expect(answer.headers.get('location')).to.equal(`/api/rooms/${id}`);
      expectBody(await call('GET', `/${id}`), 200, room);
    });

    it('takes an id, once', async () => {
      const { id } = await create({ name: 'gone in a moment' });
      await call('DELETE', `/${id}`);
      expect((await call('POST', '', { id: String(id), name: 'chosen' })).body).to.include({ id });
      expect(expectError(await call('POST', '', { id, name: 'chosen' }), 409)).to.equal('id already exists');
    });
  });

  describe('GET /api/rooms', () => {
    it('pages through all rooms by a cursor, each once and in order', async () => {
      const rooms: Room[] = [];
      for (let index = 0; index < 5; index++) rooms.push(await create({ name: `page ${index}` }));
      const first = rooms[0]?.id ?? 0;
      const found: Room[] = [];
      let cursor: number | null = first - 1;
      const sizes: number[] = [];
      while (cursor !== null && found.length < 5) {
        const answer = await call('GET', `?limit=2&cursor=${cursor}`);
        expect(answer.body).to.have.all.keys('rooms', 'nextCursor');
        const page = answer.body as Page;
        sizes.push(page.rooms.length);
        found.push(...page.rooms);
        cursor = page.nextCursor;
      }
      expect(sizes).to.deep.equal([2, 2, 2]);
      expect(found.slice(0, 5)).to.deep.equal(rooms);
    });

    it('ends with a null cursor', async () => {
      const room = await create({ id: MAX_ID - 1, name: 'nearly last' });
      const { rooms, nextCursor } = (await call('GET', `?cursor=${MAX_ID - 2}`)).body as Page;
      await call('DELETE', `/${room.id}`);
      expect(rooms[0]).to.deep.equal(room);
      expect(nextCursor).to.equal(null);
      expectBody(await call('GET', `?cursor=${MAX_ID}`), 200, { rooms: [], nextCursor: null });
    });

    it('lists 50 rooms when not told otherwise', async () => {
      for (let index = 0; index < 51; index++) await create({ name: 'many' });
      const { rooms, nextCursor } = (await call('GET', '')).body as Page;
      expect(rooms).to.have.length(50);
      expect(nextCursor).to.equal(rooms.at(-1)?.id);
    });
  });

  describe('PATCH /api/rooms/:id', () => {
    it('renames the room', async () => {
      const room = await create({ name: 'before' });
      const answer = await call('PATCH', `/${room.id}`, { name: 'after' });
      const { updatedAt } = answer.body as Room;
      expectBody(answer, 200, { ...room, name: 'after', updatedAt });
      expect(Date.parse(updatedAt)).to.be.at.least(Date.parse(room.updatedAt));
      expectBody(await call('GET', `/${room.id}`), 200, answer.body);
    });

    it('is for its owners only', async () => {
      const room = await create({ name: 'mine' });
      expectError(await call('PATCH', `/${room.id}`, { name: 'yours' }, bob), 403);
      expectBody(await call('GET', `/${room.id}`, undefined, bob), 200, { ...room, role: null });
    });
  });

  describe('DELETE /api/rooms/:id', () => {
    it('answers 204 without a body, and the room is unknown from then on', async () => {
      const { id } = await create({ name: 'short' });
      const answer = await call('DELETE', `/${id}`);
      expect(answer.status).to.equal(204);
      expect(answer.body).to.equal('');
      expectError(await call('GET', `/${id}`), 404);
      expectError(await call('PATCH', `/${id}`, { name: 'longer' }), 404);
      expectError(await call('DELETE', `/${id}`), 404);
      const clients = await request(`${target().url}/ws/get-clients/${id}`, { token: ann.token });
      expectError(clients, 404);
    });

    it('is for its owners only', async () => {
      const room = await create({ name: 'mine' });
      expectError(await call('DELETE', `/${room.id}`, undefined, bob), 403);
      expectBody(await call('GET', `/${room.id}`), 200, room);
    });
  });
}
