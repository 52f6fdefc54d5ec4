import { MemoryAccessList, type Subject } from '@chorus/control';
import { CLOSE } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { openFake } from '../testing/connections.js';
import { AccessWatch } from './access-watch.js';
import { ConnectionRegistry } from './connection-registry.js';

const ANN = { id: 1, username: 'ann' };
const BOB = { id: 2, username: 'bob' };

describe('the access watch', () => {
  let connections: ConnectionRegistry;
  let access: MemoryAccessList;
  let watch: AccessWatch;
  let questions: number[];
  let failures: number;

  beforeEach(() => {
    connections = new ConnectionRegistry('node');
    access = new MemoryAccessList();
    questions = [];
    failures = 0;
  });
  afterEach(() => watch.close());

  function start(intervalMs?: number): void {
    const check = access.check.bind(access);
    access.check = (subjects: readonly Subject[]) => {
      questions.push(subjects.length);
      if (failures-- > 0) throw new UnavailableError('away');
      return check(subjects);
    };
    watch = new AccessWatch({
      connections,
      access,
      log: silentLog,
      retryMs: 1,
      ...(intervalMs && { intervalMs }),
    });
  }

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  it('ends connections with a revoked token or a banned user, and no others', async () => {
    const revoked = openFake(connections, ANN, 't1').connection;
    const other = openFake(connections, ANN, 't2').connection;
    const banned = openFake(connections, BOB, 't3').connection;
    await access.revoke('t1', Date.now() + 60_000);
    await access.ban({ userId: BOB.id });
    start();
    watch.checkAll();
    await until(() => revoked.ends.length > 0 && banned.ends.length > 0);
    expect(revoked.ends).to.deep.equal([CLOSE.unauthenticated]);
    expect(banned.ends).to.deep.equal([CLOSE.disconnected]);
    expect(other.ends).to.deep.equal([]);
  });

  it('ends memberships of rooms one by one, and also checks connections without a room', async () => {
    const inRooms = openFake(connections, ANN).connection;
    inRooms.roomIds = [7, 8];
    const inNone = openFake(connections, BOB).connection;
    inNone.roomIds = [];
    await access.ban({ userId: ANN.id, roomId: 8 });
    await access.ban({ userId: BOB.id });
    start();
    watch.checkAll();
    await until(() => inRooms.expulsions.length > 0 && inNone.ends.length > 0);
    expect(inRooms.expulsions).to.deep.equal([[8, 'banned']]);
    expect(inRooms.ends).to.deep.equal([]);
  });

  it('splits many subjects into several queries, and retries until there is an answer', async () => {
    for (let id = 1; id <= 1_200; id++) openFake(connections, { id, username: 'x' });
    const last = openFake(connections, { id: 2_000, username: 'x' }).connection;
    await access.ban({ userId: 2_000 });
    failures = 3;
    start();
    watch.checkAll();
    await until(() => last.ends.length > 0);
    expect(questions).to.deep.equal([500, 500, 500, 500, 500, 201]);
  });

  it('starts over if a check is requested during a check', async () => {
    const { connection } = openFake(connections, ANN, 't1');
    start();
    watch.checkAll();
    await access.revoke('t1', Date.now() + 60_000);
    watch.checkAll();
    await until(() => connection.ends.length > 0);
    expect(questions.length).to.be.within(1, 2);
  });

  it('spares a connection that got a newer token during the query', async () => {
    const { slot, connection } = openFake(connections, ANN, 't1');
    await access.revoke('t1', Date.now() + 60_000);
    start();
    watch.checkAll();
    connection.tokenId = 't2';
    slot.renewed();
    await watch.close();
    expect(connection.ends).to.deep.equal([]);
  });

  it('checks periodically by itself', async () => {
    const { connection } = openFake(connections, ANN, 't1');
    start(10);
    await until(() => questions.length > 0);
    await access.revoke('t1', Date.now() + 60_000);
    await until(() => connection.ends.length > 0);
  });
});
