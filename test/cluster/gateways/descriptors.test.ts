import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectV1, eventually, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { request } from '../../support/clients/people.js';
import { type LoneGateway, startLoneGateway } from '../../support/servers/lone-gateway.js';

/** Files that the gateway may have open. */
const LIMIT = 200;

describe('a gateway that may open few files', () => {
  let gateway: LoneGateway;
  const clients: V1Socket[] = [];
  const silent: Socket[] = [];

  before(async function () {
    this.timeout(60_000);
    gateway = await startLoneGateway({ MAX_CONNECTIONS_PER_USER: '1000' }, { openFiles: LIMIT });
  });
  after(async () => {
    for (const socket of silent) socket.destroy();
    for (const client of clients) await client.close();
    await gateway?.close();
  });

  it('says once that MAX_CONNECTIONS is more than that', () => {
    const lines = gateway.program.stderr.split('\n').filter((line) => line.includes('MAX_CONNECTIONS'));
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({ level: 'warn', configured: 50_000, maxConnections: 119 });
  });

  it('answers 503 to sockets beyond them, keeps those that are open, and takes others when they go', async function () {
    this.timeout(60_000);
    const roomId = await gateway.createRoom();
    let refusal: unknown;
    while (refusal === undefined && clients.length <= LIMIT) {
      const client = await connectV1(gateway.url, gateway.token(1)).catch((error: unknown) => error);
      if (client instanceof Error) refusal = client;
      else clients.push(client as V1Socket);
    }
    expect(refusal).to.include({ status: 503 });
    expect(clients).to.have.length(119);
    const [sender, receiver] = [clients[0], clients.at(-1)] as [V1Socket, V1Socket];
    await sender.join(roomId);
    await receiver.join(roomId);
    sender.send({ type: 'publish', roomId, clientMsgId: 'at-the-limit', content: 'hello' });
    expect((await receiver.of('message')).content).to.equal('hello');

    await clients.splice(1, 1)[0]?.close();
    await eventually(async () => {
      clients.push(await connectV1(gateway.url, gateway.token(1)));
    });
  });

  it('survives any number of connections that send nothing', async function () {
    this.timeout(60_000);
    const { port } = new URL(gateway.url);
    let closed = 0;
    for (let count = 0; count < 2 * LIMIT; count++) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      silent.push(socket);
      socket.resume().once('close', () => closed++);
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    }
    await eventually(async () => expect(closed).to.be.above(LIMIT));
    // More than one report, one round of the probe, and one reading of everything that metrics are made of.
    const before = (await gateway.metrics()).value('chorus_gateway_messages_in_total');
    expect(before).to.be.above(0);
    const [sender, receiver] = [clients[0], clients.at(-2)] as [V1Socket, V1Socket];
    sender.send({ type: 'ping' });
    receiver.send({ type: 'ping' });
    await sender.of('pong');
    await receiver.of('pong');
    for (const client of clients.splice(1, 20)) await client.close();
    await eventually(async () => {
      clients.push(await connectV1(gateway.url, gateway.token(1)));
      expect((await request(`${gateway.url}/readyz`)).status).to.equal(200);
    }, 20_000);
    expect(gateway.program.stderr).not.to.match(/EMFILE/);
  });
});
