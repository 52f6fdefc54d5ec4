import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { expectBody, expectError } from '../expectations.js';
import type { Target } from '../target.js';

const MAX_ID = Number.MAX_SAFE_INTEGER;
/** Most rooms in one answer. */
const PAGE = 1_000;

interface Room {
  id: number;
  name: string;
}

export function describeRooms(target: () => Target): void {
  let ann: Person;
  before(async () => {
    ann = await createPerson(target().url, 'ann');
  });

  const create = (body: unknown) =>
    request(`${target().url}/ws/create-room`, { body, headers: { cookie: ann.cookie } });
  const list = (query = '') => request(`${target().url}/ws/get-rooms${query}`, { token: ann.token });

  describe('POST /ws/create-room', () => {
    it('creates a room with the id and name given', async () => {
      expectBody(await create({ id: 41, name: 'room41' }), 200, { id: 41, name: 'room41' });
    });

    it('takes a numeric string for an id, and answers with a number', async () => {
      expectBody(await create({ id: '42', name: 'room42' }), 200, { id: 42, name: 'room42' });
    });

    it('takes the largest id that a JSON number can hold', async () => {
      expectBody(await create({ id: MAX_ID, name: 'last' }), 200, { id: MAX_ID, name: 'last' });
    });

    it('refuses an id that exists, and leaves that room as it is', async () => {
      await create({ id: 43, name: 'first' });
      expect(expectError(await create({ id: 43, name: 'second' }), 409)).to.equal('id already exists');
      const { body } = await list('?after=42');
      expect((body as Room[])[0]).to.deep.equal({ id: 43, name: 'first' });
    });

    it('without an id assigns one, never one that somebody has chosen', async () => {
      const first = (await create({ name: 'assigned' })).body as Room;
      expect(first).to.deep.equal({ id: first.id, name: 'assigned' });
      expect(first.id).to.be.a('number');
      // The next two that would be assigned.
      await create({ id: first.id + 1, name: 'chosen' });
      await create({ id: first.id + 2, name: 'chosen' });
      const second = (await create({ name: 'assigned' })).body as Room;
      expect(second.id).to.be.above(first.id + 2);
      expect(second.name).to.equal('assigned');
    });

    it('keeps a name with markup, quotes and emoji as it was written', async () => {
      const name = `<script>alert("1")</script> & 'ünï' \\ 🏳️‍🌈`;
      const id = await createRoom(target().url, ann, name);
      const { body } = await list(`?after=${id - 1}`);
      expect((body as Room[])[0]).to.deep.equal({ id, name });
    });
  });

  describe('GET /ws/get-rooms', () => {
    it('lists rooms as an array of id and name, by ascending id', async () => {
      const base = 2 ** 50;
      for (const id of [base + 2, base + 1, base + 3]) await create({ id, name: `room${id}` });
      const answer = await list(`?after=${base}`);
      expectBody(answer, 200, answer.body);
      expect((answer.body as Room[]).slice(0, 3)).to.deep.equal([
        { id: base + 1, name: `room${base + 1}` },
        { id: base + 2, name: `room${base + 2}` },
        { id: base + 3, name: `room${base + 3}` },
      ]);
      expect(answer.headers.get('link')).to.equal(null);
    });

    it(`lists ${PAGE} rooms at most, and links to those that follow`, async () => {
      const base = 2 ** 51;
      await inParallel(PAGE + 1, (index) => create({ id: base + 1 + index, name: 'one of many' }));
      const first = await list(`?after=${base}`);
      expect(idsOf(first.body)).to.deep.equal(Array.from({ length: PAGE }, (_, index) => base + 1 + index));
      expect(first.headers.get('link')).to.equal(`</ws/get-rooms?after=${base + PAGE}>; rel="next"`);

      const [, next = ''] = /^<(.*)>/.exec(first.headers.get('link') ?? '') ?? [];
      const second = await request(`${target().url}${next}`, { token: ann.token });
      expect(idsOf(second.body)[0]).to.equal(base + PAGE + 1);
      expect(second.headers.get('link')).to.equal(null);
    });
  });
}

function idsOf(rooms: unknown): number[] {
  return (rooms as Room[]).map(({ id }) => id);
}

const WORKERS = 16;

async function inParallel(
  count: number,
  work: (index: number) => Promise<{ status: number }>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) expect((await work(next++)).status).to.equal(200);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}
