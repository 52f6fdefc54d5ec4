import { Tokens } from '@chorus/auth';
import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

const ROOMS = 10;
const MEMBERS = 36;

/** Gateways ask few clients to reconnect at this pace, however long `DRAIN_MS` is. */
const PER_SECOND = 100;

/** Somebody who comes back whenever the socket ends. */
interface Comer {
  readonly userId: number;
  readonly roomId: number;
  /** One after the other. */
  readonly sockets: PlainSocket[];
}

describe('a rolling restart of three gateways with a few hundred sockets', function () {
  this.timeout(90_000);

  let cluster: TestCluster;
  let rooms: number[];
  let tokens: Tokens;
  let over = false;
  const comers: Comer[] = [];
  /** Close codes of the sockets that ended. */
  const ends: number[] = [];
  const failures: unknown[] = [];

  before(async () => {
    cluster = await startTestCluster({
      env: { DRAIN_DELAY_MS: '300', DRAIN_MS: '5000', PRESENCE_GRACE_MS: '2000' },
    });
    tokens = new Tokens(cluster.jwtSecret);
    const owner = await createPerson(cluster.url, 'owner');
    rooms = await Promise.all(Array.from({ length: ROOMS }, () => createRoom(cluster.url, owner)));
  });
  after(async () => {
    over = true;
    await cluster?.close();
  });

  async function come(comer: Comer): Promise<void> {
    const token = tokens.sign({ id: comer.userId, username: `user-${comer.userId}` });
    const socket = await connectPlain(cluster.url, comer.roomId, token);
    comer.sockets.push(socket);
    socket.ended
      .then(async ({ code }) => {
        if (over) return;
        ends.push(code);
        await eventually(() => come(comer));
      })
      .catch((error: unknown) => failures.push(error));
  }

  it('moves all clients with code 1012, at a pace, and announces no departure', async () => {
    const ids = Array.from({ length: ROOMS * MEMBERS }, (_, index) => 1_000_000 + index);
    for (const userId of ids) {
      const comer = { userId, roomId: rooms[userId % ROOMS] ?? 0, sockets: [] };
      comers.push(comer);
      await come(comer);
    }

    let drainsMs = 0;
    for (const gateway of cluster.gateways) {
      const exited = gateway.exited();
      const start = performance.now();
      gateway.kill('SIGTERM');
      expect(await exited).to.deep.equal({ code: 0, signal: null });
      drainsMs += performance.now() - start;
      await gateway.start();
    }
    await eventually(async () => {
      for (const { sockets } of comers) expect(sockets.at(-1)?.socket.readyState).to.equal(1);
    });

    expect(failures).to.deep.equal([]);
    expect(new Set(ends)).to.deep.equal(new Set([1012]));
    expect(ends.length).to.be.within(ids.length, ids.length * cluster.gateways.length);
    // Each gateway asks its first client at once. A slow machine only makes drains longer.
    expect(drainsMs).to.be.above((1_000 * (ends.length - cluster.gateways.length)) / PER_SECOND);

    for (const roomId of rooms) {
      const members = comers.filter((comer) => comer.roomId === roomId);
      members[0]?.sockets.at(-1)?.send('everybody here?');
      await Promise.all(members.map(({ sockets }) => sockets.at(-1)?.message('everybody here?')));
    }
    const frames = comers.flatMap(({ sockets }) => sockets.flatMap((socket) => socket.frames));
    expect(frames.filter(({ type }) => type === 'left')).to.deep.equal([]);
    // Users who reconnect are not announced again.
    const perSocket = comers.map(({ sockets }) =>
      sockets.flatMap((socket) => socket.frames.filter(({ type }) => type === 'joined')),
    );
    for (const joined of perSocket) {
      expect(new Set(joined.map(({ username }) => username)).size).to.equal(joined.length);
    }
  });
});
