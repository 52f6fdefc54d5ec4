import { once } from 'node:events';
import { expect } from 'chai';
import WebSocket from 'ws';
import type { Gateway } from '../create-gateway.js';
import { ANN, GatewayFixture } from '../testing/gateways.js';

describe('the subprotocol of an upgrade', () => {
  const fixture = new GatewayFixture();
  let gateway: Gateway;

  before(async () => {
    gateway = await fixture.start();
    await fixture.directory.ensure(1, 0);
  });
  after(() => fixture.close());

  async function open(path: string, protocols: string[]): Promise<WebSocket> {
    const url = `ws://127.0.0.1:${gateway.port}${path}`;
    const ws = new WebSocket(url, protocols, { headers: fixture.bearer(ANN) });
    await once(ws, 'open');
    ws.terminate();
    return ws;
  }

  it('is chorus.v1 if offered, among others', async () => {
    for (const path of ['/ws/connect', '/ws/join-room/1', '/ws/connect/']) {
      expect((await open(path, ['chorus.v1'])).protocol).to.equal('chorus.v1');
      expect((await open(path, ['chorus.v9', 'chorus.v1', 'graphql'])).protocol).to.equal('chorus.v1');
    }
  });

  it('is none on a plain socket that offers another', async () => {
    const url = `ws://127.0.0.1:${gateway.port}/ws/join-room/1`;
    const ws = new WebSocket(url, ['chat'], { headers: fixture.bearer(ANN) });
    // The client library closes a socket whose server chose no subprotocol; the 101 arrived nevertheless.
    ws.on('error', () => undefined);
    const closed = new Promise((resolve) => ws.on('close', resolve));
    const [response] = (await once(ws, 'upgrade')) as [import('node:http').IncomingMessage];
    expect(response.statusCode).to.equal(101);
    expect(response.headers).not.to.have.property('sec-websocket-protocol');
    await closed;
  });

  it('must be offered on /ws/connect', async () => {
    for (const headers of [{}, { 'sec-websocket-protocol': 'chorus.v2, CHORUS.V1' }]) {
      const refused = await fixture.refusal(gateway, '/ws/connect', { ...fixture.bearer(ANN), ...headers });
      expect(refused.status).to.equal(400);
      expect(refused.body.error).to.match(/subprotocol chorus\.v1/);
    }
  });

  it('refuses unknown parameters, which a plain socket ignores as the original did', async () => {
    const offer = { ...fixture.bearer(ANN), 'sec-websocket-protocol': 'chorus.v1' };
    for (const [name, query] of [
      ['token', `token=${fixture.tokens.sign(ANN)}`],
      ['since', `userId=${ANN.id}&since=1-1`],
    ]) {
      const refused = await fixture.refusal(gateway, `/ws/connect?${query}`, offer);
      expect([refused.status, refused.body]).to.deep.equal([
        400,
        { error: `${name} is not known here`, code: 'unknown_field' },
      ]);
    }
    await open(`/ws/connect?userId=${ANN.id}&username=${ANN.username}`, ['chorus.v1']);
    for (const protocols of [[], ['chorus.v1']]) await open('/ws/join-room/1?token=x', protocols);
    for (const path of ['/livez', '/readyz']) {
      const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}?verbose`);
      expect([answer.status, await answer.json()]).to.deep.equal([
        400,
        { error: 'verbose is not known here', code: 'unknown_field' },
      ]);
    }
  });

  it('does not open a socket of a room without a token', async () => {
    const offer = { 'sec-websocket-protocol': 'chorus.v1' };
    expect((await fixture.refusal(gateway, '/ws/join-room/1', offer)).status).to.equal(401);
  });

  it('does not open for a banned user or a revoked token', async () => {
    const offer = { 'sec-websocket-protocol': 'chorus.v1' };
    const revoked = fixture.tokens.sign(ANN);
    const verified = fixture.tokens.verify(revoked);
    if (!verified.ok) throw new Error('not a token');
    const { tokenId, expiresAt } = verified.token;
    await fixture.access.revoke(tokenId, expiresAt);
    await fixture.directory.announce({ type: 'token-revoked', tokenId });
    const headers = { ...offer, authorization: `Bearer ${revoked}` };
    expect((await fixture.refusal(gateway, '/ws/connect', headers)).status).to.equal(401);
    await fixture.access.ban({ userId: 77, roomId: 1 });
    await fixture.directory.announce({ type: 'user-banned', userId: 77, roomId: 1 });
    const banned = { ...offer, ...fixture.bearer({ id: 77, username: 'eve' }) };
    expect((await fixture.refusal(gateway, '/ws/join-room/1', banned)).status).to.equal(403);
  });

  it('must be offered in an upgrade: plain HTTP gets 426', async () => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}/ws/connect`);
    expect(response.status).to.equal(426);
  });

  for (const since of ['', '5', 'a-b', '-1-2', '1-', '1-2-3', '1.5-2', '99999999999999999-1'])
    it(`fails with 400 for the position "${since}"`, async () => {
      const path = `/ws/join-room/1?since=${encodeURIComponent(since)}`;
      const refused = await fixture.refusal(gateway, path, fixture.bearer(ANN));
      expect(refused.status).to.equal(400);
      expect(refused.body.error).to.match(/since/);
    });
});
