import { expect } from 'chai';
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.js';
import { connectSeed } from '../support/seed-client.js';

describe('what the WebSocket library prints about upgrades', function () {
  this.timeout(60_000);

  let gateway: LoneGateway;

  before(async () => {
    gateway = await startLoneGateway();
  });
  after(() => gateway?.close());

  it('is one warning a process, however much sockets come and go', async () => {
    const room = await gateway.createRoom();
    const stays = await connectSeed(gateway.url, room, gateway.token(1));
    for (let userId = 2; userId <= 20; userId++) {
      const goes = await connectSeed(gateway.url, room, gateway.token(userId));
      await goes.close();
    }
    await stays.close();
    expect(gateway.program.stderr.match(/corked/g) ?? []).to.have.lengthOf.at.most(1);
  });
});
