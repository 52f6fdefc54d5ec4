import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, type Person, request } from '../../support/clients/people.js';
import { expectError } from '../expectations.js';
import type { Target } from '../target.js';

export function describeInbox(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  let room: number;

  const call = (method: string, path: string, body?: unknown, by: Person = ann) =>
    request(`${target().url}/api${path}`, { method, body, token: by.token });
  const send = async (content: string): Promise<string> => {
    const { epoch, seq } = (await call('POST', `/rooms/${room}/messages`, { content })).body as {
      epoch: number;
      seq: number;
    };
    return `${epoch}-${seq}`;
  };
  const entry = async (by: Person): Promise<Record<string, unknown> | undefined> => {
    const { rooms } = (await call('GET', `/inbox?roomId=${room}`, undefined, by)).body as {
      rooms: Array<Record<string, unknown>>;
    };
    return rooms[0];
  };

  before(async () => {
    ann = await createPerson(target().url, 'ann');
    bob = await createPerson(target().url, 'bob');
    room = ((await call('POST', '/rooms', { name: 'club', kind: 'private' })).body as { id: number }).id;
    await call('PUT', `/rooms/${room}/members/${bob.id}`, {});
  });

  it('unread messages are counted, and marked as read and as unread', async () => {
    const first = await send('one');
    const last = await send('two');
    expect(await entry(bob)).to.deep.include({ n: 2, unread: 2, position: last });
    expect(await entry(ann)).to.deep.include({ n: 2, unread: 0, readPosition: last });
    const read = (body: object) => call('PUT', `/rooms/${room}/read`, body, bob);
    expect((await read({ position: first })).body).to.deep.equal({ readPosition: first, readN: 1 });
    expect((await read({ position: last })).body).to.deep.equal({ readPosition: last, readN: 2 });
    expect((await read({ position: first, unread: true })).body).to.deep.include({ readN: 1 });
    expect(await entry(bob)).to.deep.include({ unread: 1, readPosition: first });
    await eventually(async () => {
      const { members } = (await call('GET', `/rooms/${room}/members`)).body as {
        members: Array<{ readPosition?: string }>;
      };
      expect(members.map(({ readPosition }) => readPosition)).to.deep.equal([last, first]);
    });
  });

  it('all rooms of a user are listed, and no others', async () => {
    const { rooms, next } = (await call('GET', '/inbox?limit=100', undefined, bob)).body as {
      rooms: Array<{ room: { id: number } }>;
      next: string | null;
    };
    expect([rooms.map((each) => each.room.id), next]).to.deep.equal([[room], null]);
    expectError(await call('GET', '/inbox?roomId=999999', undefined, bob), 404);
    expectError(await call('PUT', '/rooms/999999/read', { position: '0-0' }, bob), 404);
  });
}
