import { connectV1, startTestOpenIdProvider, type TestOpenIdProvider, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** Users who reconnect, and how often each does. */
const USERS = 20;
const RECONNECTS = 25;

describe('users of an identity provider', function () {
  this.timeout(120_000);
  let provider: TestOpenIdProvider;
  let cluster: TestCluster;
  before(async () => {
    provider = await startTestOpenIdProvider();
    const { issuer, jwksUrl } = provider;
    cluster = await startTestCluster({
      ownServers: true,
      gateways: 2,
      apis: 1,
      env: {
        AUTH_ISSUERS: JSON.stringify([{ issuer, jwksUrl, audience: 'RS256' }]),
        AUTH_PASSWORDS: 'off',
        MAX_CONNECTS_PER_SECOND: '1000000',
      },
    });
  });
  after(async () => {
    await cluster?.close();
    await provider?.close();
  });

  it('reconnect all at once without a request to the provider or to PostgreSQL', async () => {
    const tokens: string[] = [];
    for (let user = 0; user < USERS; user++) {
      const token = await provider.sign({ sub: `user-${user}`, preferred_username: `user ${user}` });
      const { status, body } = await request(`${cluster.url}/api/users/exchange`, {
        body: { token, returnToken: true },
      });
      expect(status).to.equal(200);
      tokens.push(body.token);
    }
    expect(provider.requests).to.equal(1);
    // A request that needs PostgreSQL is refused from here on.
    await cluster.postgres.member?.stop();
    provider.fault = 'gone';
    let connects = 0;
    const sockets: V1Socket[] = [];
    for (let round = 0; round < RECONNECTS; round++) {
      const opened = await Promise.all(
        tokens.map((token, at) => connectV1(cluster.gateways[(round + at) % 2]?.url ?? '', token)),
      );
      connects += opened.length;
      for (const socket of sockets.splice(0)) socket.close();
      sockets.push(...opened);
    }
    for (const socket of sockets) socket.close();
    expect([connects, provider.requests]).to.deep.equal([USERS * RECONNECTS, 1]);
  });
});
