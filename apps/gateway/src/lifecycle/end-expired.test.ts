import { mock } from 'node:test';
import { CLOSE } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import { expect } from 'chai';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { type FakeConnection, openFake } from '../testing/connections.js';
import { endExpired } from './end-expired.js';

describe('connections with an expired token', () => {
  let expiring: FakeConnection;
  let staying: FakeConnection;
  let ending: Closeable;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'Date'] });
    const connections = new ConnectionRegistry('node');
    expiring = openFake(connections, { id: 1, username: 'ann' }, 't1').connection;
    // Tokens of fake connections expire after an hour.
    mock.timers.tick(500);
    staying = openFake(connections, { id: 2, username: 'bob' }, 't2').connection;
    ending = endExpired(connections);
  });
  afterEach(async () => {
    await ending.close();
    mock.timers.reset();
  });

  it('are closed within a second, and no others', () => {
    mock.timers.tick(3_600_000 - 501);
    expect(expiring.ends).to.deep.equal([]);
    mock.timers.tick(501);
    expect(expiring.ends).to.deep.equal([CLOSE.unauthenticated]);
    expect(staying.ends).to.deep.equal([]);
    mock.timers.tick(1_000);
    expect(staying.ends).to.deep.equal([CLOSE.unauthenticated]);
  });
});
