import { expect } from 'chai';
import { ChorusError } from '../chorus-error.js';
import type { RoomMemberPage } from '../http/api-types.js';
import { event, joined, message, Stage } from '../testing/stage.js';
import { Receipts } from './receipts.js';

describe('Receipts', () => {
  let stage: Stage;
  let page: RoomMemberPage;
  let failures: Error[];
  beforeEach(async () => {
    stage = await Stage.set();
    failures = [];
    page = { members: [member(2, '1000-3'), member(7, null)], nextCursor: null };
    stage.history.request = async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return page as never;
    };
  });
  afterEach(() => stage.close());

  const member = (id: number, readPosition: string | null) => ({
    ...{
      id,
      username: `user ${id}`,
      role: 'member' as const,
      joinedAt: null,
      mutedUntil: null,
      readPosition,
    },
  });
  const open = async () => {
    const client = stage.client();
    const room = client.join(1);
    const receipts = new Receipts(client, room);
    const connection = await stage.connection();
    await connection.next();
    connection.say(joined(1, 5));
    const changed = (wanted: () => boolean): Promise<unknown> =>
      wanted()
        ? Promise.resolve()
        : event((listener) => receipts.subscribe(() => listener(undefined)), wanted);
    return { room, receipts, connection, changed };
  };
  const shown = ({ list }: Receipts): unknown[] =>
    list.map(({ id, readPosition }) => [id, readPosition?.seq]);

  it('are how far the members have read, and are kept current', async () => {
    const { receipts, connection, changed } = await open();
    await changed(() => receipts.list.length > 0);
    expect(shown(receipts)).to.deep.equal([
      [2, 3],
      [7, undefined],
    ]);
    connection.say({ type: 'read', roomId: 1, userId: 7, epoch: 1000, seq: 4 });
    connection.say(message(1, 6, { userId: 2 }));
    await changed(() => receipts.readBy({ epoch: 1000, seq: 4 }).length === 2);
    expect(shown(receipts)).to.deep.equal([
      [2, 6],
      [7, 4],
    ]);
    connection.say({ type: 'read', roomId: 1, userId: 2, epoch: 1000, seq: 5 });
    connection.say({ type: 'read', roomId: 1, userId: 2, epoch: 1000, seq: 1, unread: true });
    await changed(() => receipts.readBy({ epoch: 1000, seq: 3 }).length === 1);
    expect(shown(receipts)).to.deep.equal([
      [2, 1],
      [7, 4],
    ]);
  });

  it('have new members, and no removed ones', async () => {
    const { receipts, connection, changed } = await open();
    await changed(() => receipts.list.length > 0);
    const about = { type: 'change', roomId: 1, epoch: 1000, userId: 2, username: 'bob', sentAt: 0 } as const;
    const [ann, ben] = [
      { id: 4, username: 'ann' },
      { id: 7, username: 'ben' },
    ];
    connection.say({ ...about, change: 'member-added', seq: 6, id: 'a', member: ann });
    connection.say({ ...about, change: 'member-removed', seq: 7, id: 'b', member: ben });
    await changed(() => shown(receipts).join() === '2,3,4,');
  });

  it('are none in rooms with more than 100 members', async () => {
    page = { ...page, nextCursor: 100 };
    const { room, receipts, connection, changed } = await open();
    let changes = 0;
    receipts.subscribe(() => changes++);
    await changed(() => changes > 0);
    const about = { type: 'change', roomId: 1, epoch: 1000, userId: 2, username: 'bob', sentAt: 0 } as const;
    connection.say({ ...about, change: 'member-added', seq: 6, id: 'a', member: { id: 4, username: 'ann' } });
    await event((listener) => room.on('change', listener));
    expect(receipts.list).to.deep.equal([]);
  });

  it('apply to the answer what arrives before it', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    stage.history.request = async () => {
      await held;
      return page as never;
    };
    const { room, receipts, connection, changed } = await open();
    connection.say({ type: 'read', roomId: 1, userId: 7, epoch: 1000, seq: 4 });
    await event((listener) => room.on('read', listener));
    release();
    await changed(() => receipts.list.length > 0);
    expect(shown(receipts)).to.deep.equal([
      [2, 3],
      [7, 4],
    ]);
  });

  it('are read again after a failure', async function () {
    this.timeout(10_000);
    failures = [new ChorusError('network', 'no answer', true)];
    const { receipts, changed } = await open();
    await changed(() => receipts.list.length > 0);
    receipts.close();
  });
});
