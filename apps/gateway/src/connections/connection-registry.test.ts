import { sessionsKey } from '@chorus/control';
import { CLOSE, type Member } from '@chorus/protocol';
import { expect } from 'chai';
import { FakeConnection } from '../testing/connections.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionSlot } from './connection-slot.js';

const ANN: Member = { id: 1, username: 'ann' };
const BOB: Member = { id: 2, username: 'bob' };

describe('the connections of a node', () => {
  let connections: ConnectionRegistry;

  beforeEach(() => {
    connections = new ConnectionRegistry('node');
  });

  const token = (tokenId: string, expiresAt: number, user = ANN) => ({
    user,
    tokenId,
    generation: 0,
    startedAt: 0,
    expiresAt,
  });

  function claimed(user: Member, address = '192.0.2.1', verified?: ReturnType<typeof token>) {
    const slot = connections.take(address);
    slot.claim({ user, token: verified });
    const connection = new FakeConnection(slot.id, user, address);
    slot.open(connection);
    return { slot, connection };
  }

  const connectionsOf = (slots: ConnectionSlot[]) => slots.map((slot) => slot.connection);

  it('are found by id, user and token, until they close', () => {
    const first = claimed(ANN, '192.0.2.1', token('t1', 10_000));
    const second = claimed(ANN, '192.0.2.1', token('t2', 10_000));
    const other = claimed(BOB, '192.0.2.2', token('t3', 10_000, BOB));
    expect(connections.get(first.connection.id)).to.equal(first.connection);
    expect(connectionsOf(connections.ofUser(ANN.id))).to.have.members([first.connection, second.connection]);
    expect(connectionsOf(connections.ofToken('t2'))).to.deep.equal([second.connection]);
    second.slot.release();
    expect(connectionsOf(connections.ofUser(ANN.id))).to.deep.equal([first.connection]);
    expect(connections.ofToken('t2')).to.deep.equal([]);
    first.slot.release();
    expect(connections.get(first.connection.id)).to.equal(undefined);
    expect(connections.ofUser(ANN.id)).to.deep.equal([]);
    expect(connectionsOf([...connections.slots()])).to.deep.equal([other.connection]);
  });

  it('count from the upgrade request until their first release', () => {
    const slot = connections.take('192.0.2.1');
    expect([connections.taken, connections.size, connections.countFrom('192.0.2.1')]).to.deep.equal([
      1, 0, 1,
    ]);
    slot.claim({ user: ANN, token: undefined });
    expect(connections.countOf(ANN.id)).to.equal(1);
    const other = claimed(ANN);
    slot.release();
    slot.release();
    expect([connections.taken, connections.countFrom('192.0.2.1')]).to.deep.equal([1, 1]);
    expect(connections.countOf(ANN.id)).to.equal(1);
    other.slot.release();
    expect([connections.taken, connections.size]).to.deep.equal([0, 0]);
    expect([connections.countFrom('192.0.2.1'), connections.countOf(ANN.id)]).to.deep.equal([0, 0]);
  });

  it('cannot be reused after their release', () => {
    const slot = connections.take('192.0.2.1');
    slot.release();
    slot.claim({ user: ANN, token: token('t1', 0) });
    slot.open(new FakeConnection(slot.id, ANN, '192.0.2.1'));
    slot.renewed();
    expect([connections.taken, connections.size, connections.countOf(ANN.id)]).to.deep.equal([0, 0, 0]);
    expect(connections.expired(Number.MAX_SAFE_INTEGER)).to.deep.equal([]);
  });

  it('are due when their token expires, and not before', () => {
    const { slot, connection } = claimed(ANN, '192.0.2.1', token('t1', 10_500));
    const soon = claimed(BOB, '192.0.2.1', token('t2', 10_000, BOB));
    expect(connections.expired(9_999)).to.deep.equal([]);
    expect(connections.expired(10_999)).to.deep.equal([soon.slot]);
    expect(connections.expired(11_000)).to.have.members([slot, soon.slot]);
    connection.tokenId = 't3';
    connection.expiresAt = 20_000;
    slot.renewed();
    expect(connections.expired(11_000)).to.deep.equal([soon.slot]);
    expect(connections.ofToken('t1')).to.deep.equal([]);
    expect(connections.ofToken('t3')).to.deep.equal([slot]);
    slot.release();
    expect(connections.expired(30_000)).to.deep.equal([soon.slot]);
    expect(connections.ofToken('t3')).to.deep.equal([]);
  });

  it('are found by the key of all sessions of a user up to a generation', () => {
    const of = (generation: number, user = ANN) =>
      claimed(user, '192.0.2.1', { ...token(`t${generation}`, 10_000, user), generation }).slot;
    const [first, second] = [of(0), of(1)];
    of(2);
    of(1, BOB);
    expect(connections.ofToken(sessionsKey(ANN.id, 1))).to.have.members([first, second]);
    second.release();
    expect(connections.ofToken(sessionsKey(ANN.id, 1))).to.have.members([first]);
    expect(connections.ofToken(sessionsKey(3, 1))).to.deep.equal([]);
  });

  it('apply actions on their user that were requested while they were opening', () => {
    const slot = connections.take('192.0.2.1');
    slot.claim({ user: ANN, token: token('t1', 10_000), roomId: 7 });
    expect([...slot.roomIds]).to.deep.equal([7]);
    for (const each of connections.ofToken('t1')) each.act((it) => it.close(CLOSE.unauthenticated));
    const connection = new FakeConnection(slot.id, ANN, '192.0.2.1');
    expect(connection.ends).to.deep.equal([]);
    slot.open(connection);
    expect(connection.ends).to.deep.equal([CLOSE.unauthenticated]);
  });
});
