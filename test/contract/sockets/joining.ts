import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request, signIn } from '../../support/clients/people.js';
import { expectBody, expectError } from '../expectations.js';
import type { Target } from '../target.js';

const JOINED = { type: 'joined', content: 'A new user has join the room' };
const LEFT = { type: 'left', content: 'user left the chat' };

export function describeJoining(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  let room: number;
  let open: PlainSocket[];

  beforeEach(async () => {
    const { url } = target();
    // One after the other: ann has the lower id.
    ann = await createPerson(url, 'ann');
    bob = await createPerson(url, 'bob');
    room = await createRoom(url, ann);
    open = [];
  });
  afterEach(() => Promise.all(open.map((socket) => socket.close())));

  const join = async (person: Person, query: Record<string, string> = {}): Promise<PlainSocket> => {
    const socket = await connectPlain(target().url, room, undefined, {
      query,
      headers: { cookie: person.cookie },
    });
    open.push(socket);
    return socket;
  };
  /** Joins, and waits until that is known. */
  const enter = async (person: Person): Promise<PlainSocket> => {
    const socket = await join(person);
    await socket.next(({ type, username }) => type === 'joined' && username === person.username);
    return socket;
  };
  const clients = (path = `/${room}`) =>
    request(`${target().url}/ws/get-clients${path}`, { token: ann.token });
  const client = ({ id, username }: Person) => ({ id, username });
  const about = ({ id, username }: Person, notice: typeof JOINED | typeof LEFT) => ({
    ...notice,
    roomId: room,
    username,
    userId: id,
  });

  describe('GET /ws/join-room/:roomId', () => {
    it('announces the user by name to all members, the new one included', async () => {
      const anns = await join(ann);
      expect(await anns.next(({ type }) => type === 'joined')).to.deep.equal(about(ann, JOINED));
      const bobs = await join(bob);
      expect(await bobs.next(({ username }) => username === bob.username)).to.deep.equal(about(bob, JOINED));
      expect(await anns.next(({ type }) => type === 'joined')).to.deep.equal(about(bob, JOINED));
    });

    it('tells those who stay when somebody leaves', async () => {
      const anns = await enter(ann);
      const bobs = await enter(bob);
      await bobs.close();
      expect(await anns.next(({ type }) => type === 'left')).to.deep.equal(about(bob, LEFT));
    });

    it('accepts id and name of the token’s owner in the query', async () => {
      const anns = await join(ann, { userId: String(ann.id), username: ann.username });
      expect(await anns.next(({ type }) => type === 'joined')).to.deep.equal(about(ann, JOINED));
    });

    it('treats two tabs of a user as one client', async () => {
      const anns = await enter(ann);
      const first = await enter(bob);
      const second = await join(bob);
      second.send('from my second tab');
      for (const socket of [anns, first, second]) await socket.message('from my second tab');
      expectBody(await clients(), 200, [client(ann), client(bob)]);

      await first.close();
      anns.send('anybody there?');
      await second.message('anybody there?');
      await second.close();
      await anns.next(({ type }) => type === 'left');
      expectBody(await clients(), 200, [client(ann)]);
      const notices = anns.frames.filter(
        ({ type, username }) => type !== 'message' && username === bob.username,
      );
      expect(notices.map(({ type }) => type)).to.deep.equal(['joined', 'left']);
    });

    it('lets a name with markup, quotes and emoji pass unchanged, in the query as well', async () => {
      const { url } = target();
      const username = `${ann.username} <i>"x" & 'y'</i>+%20\\ 😀 #?`;
      const account = { username, email: `odd-${ann.email}`, password: 'open sesame' };
      await request(`${url}/api/users/signup`, { body: account });
      const odd = await signIn(url, account);
      const socket = await join(odd, { userId: String(odd.id), username });
      expect(await socket.next(({ type }) => type === 'joined')).to.deep.equal(about(odd, JOINED));
      expectBody(await clients(), 200, [client(odd)]);
      socket.send('me');
      expect(await socket.message('me')).to.include({ username });
    });
  });

  describe('GET /ws/get-clients', () => {
    it('lists who is in a room, by ascending id, and an empty room as an empty list', async () => {
      expectBody(await clients(), 200, []);
      for (const person of [bob, ann]) await enter(person);
      expectBody(await clients(), 200, [client(ann), client(bob)]);
    });

    it('without a room lists everybody who is in any, once', async () => {
      const { url } = target();
      // Those of earlier tests may still be leaving.
      await eventually(async () => expectBody(await clients(''), 200, []));
      const other = await createRoom(url, bob);
      await enter(ann);
      await enter(bob);
      const elsewhere = await connectPlain(url, other, ann.token);
      open.push(elsewhere);
      await elsewhere.next(({ type }) => type === 'joined');
      expectBody(await clients(''), 200, [client(ann), client(bob)]);
    });

    it('does not know a room that does not exist', async () => {
      expect(expectError(await clients('/123456789012345'), 404)).to.equal('there is no such room');
    });
  });
}
