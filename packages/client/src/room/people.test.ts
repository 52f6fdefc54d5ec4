import { expect } from 'chai';
import { event, joined, ME, message, next, Stage } from '../testing/stage.js';
import type { Member } from '../types.js';
import type { Room } from './room.js';

describe('a room of the client', () => {
  let stage: Stage;
  let room: Room;
  beforeEach(async () => {
    stage = await Stage.set();
    room = stage.client().join(1);
  });
  afterEach(() => stage.close());

  it('lists the members who are present from the first look on, page by page, and updates the list', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 0));
    await room.joined();
    expect(room.members).to.deep.equal([]);
    expect((await next(connection, 2))[1]).to.deep.equal({ type: 'presence', roomId: 1 });
    const [ann, bob, cyd] = [ME, { id: 2, username: 'bob' }, { id: 3, username: 'cyd' }];
    const about = (who: Member) => ({ content: '', roomId: 1, username: who.username, userId: who.id });
    connection.say({ type: 'presence', roomId: 1, members: [ann, bob], next: 2 });
    expect(await connection.next()).to.deep.equal({ type: 'presence', roomId: 1, after: 2 });
    // A member who leaves during the reading is not listed, even if a later page still has them.
    connection.say(
      { type: 'left', ...about(cyd) },
      { type: 'presence', roomId: 1, members: [cyd], next: null },
    );
    await event((listener) => room.on('members', listener));
    expect(room.members).to.deep.equal([ann, bob]);
    connection.say({ type: 'joined', ...about(cyd) }, { type: 'left', ...about(ann) });
    await event<readonly Member[]>(
      (listener) => room.on('members', listener),
      ([first]) => first?.id === 2,
    );
    expect(room.members).to.deep.equal([bob, cyd]);
  });

  it('lists the members who are typing, until they send a message', async () => {
    const connection = await stage.connection();
    await connection.next();
    const typing = event<readonly Member[]>((listener) => room.on('typing', listener));
    connection.say(joined(1, 0), { type: 'typing', roomId: 1, userId: 2, username: 'bob' });
    expect(await typing).to.deep.equal([{ id: 2, username: 'bob' }]);
    const stopped = event<readonly Member[]>((listener) => room.on('typing', listener));
    connection.say(message(1, 1));
    expect(await stopped).to.deep.equal([]);
    room.typing();
    room.typing();
    room.send('hello');
    expect((await next(connection, 2)).map(({ type }) => type)).to.deep.equal(['typing', 'publish']);
  });
});
