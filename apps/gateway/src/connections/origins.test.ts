import { once } from 'node:events';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, GatewayFixture } from '../testing/gateways.js';

const ALLOWED = 'https://chat.example.org,https://*.example.com,capacitor://localhost,null';

describe('an upgrade from a page of another origin', () => {
  const fixture = new GatewayFixture();
  let gateway: Gateway;
  let proxied: Gateway;
  let open: Gateway;

  before(async () => {
    gateway = await fixture.start({ ALLOWED_ORIGINS: ALLOWED });
    proxied = await fixture.start({ TRUST_PROXY: '1' });
    open = await fixture.start({ ALLOWED_ORIGINS: '*,https://chat.example.org' });
    await fixture.directory.ensure(1, 0);
  });
  after(() => fixture.close());

  const cookie = (): Record<string, string> => ({ cookie: `jwt=${fixture.tokens.sign(ANN)}` });

  async function status(target: Gateway, headers: Record<string, string>): Promise<number | undefined> {
    const { socket: ws } = fixture.connect(target, '/ws/join-room/1', headers);
    const refused = once(ws, 'unexpected-response').then(([, response]) => response.statusCode as number);
    const answer = await Promise.race([refused, once(ws, 'open').then(() => 101)]);
    refused.catch(() => undefined);
    ws.terminate();
    return answer;
  }

  it('is accepted with the cookie when the origin is listed, as it is or by a wildcard', async () => {
    for (const origin of [
      'https://chat.example.org',
      'https://chat.example.com',
      'https://a.b.example.com',
      'capacitor://localhost',
    ]) {
      expect(await status(gateway, { ...cookie(), origin }), origin).to.equal(101);
    }
    for (const origin of ['https://example.com', 'http://chat.example.com', 'ionic://localhost', 'file://']) {
      expect(await status(gateway, { ...cookie(), origin }), origin).to.equal(403);
    }
  });

  it('is accepted when the origin is that of the request, scheme, case and default port considered', async () => {
    const host = 'Chat.Example.net';
    expect(await status(gateway, { ...cookie(), host, origin: 'http://chat.example.net' })).to.equal(101);
    expect(await status(gateway, { ...cookie(), host, origin: 'https://chat.example.net' })).to.equal(403);
    const https = { 'x-forwarded-proto': 'https', host: `${host}:443`, origin: 'https://chat.example.net' };
    expect(await status(gateway, { ...cookie(), ...https })).to.equal(403);
    expect(await status(proxied, { ...cookie(), ...https })).to.equal(101);
    const renamed = { ...https, host: 'gateway-1', 'x-forwarded-host': host };
    expect(await status(proxied, { ...cookie(), ...renamed })).to.equal(101);
    expect(await status(proxied, { ...cookie(), ...renamed, 'x-forwarded-proto': 'http' })).to.equal(403);
  });

  it('is not authenticated by the cookie when only * or null allows the origin', async () => {
    for (const [target, origin] of [
      [open, 'https://evil.example'],
      [open, 'null'],
      [gateway, 'null'],
    ] as const) {
      expect(await status(target, { ...cookie(), origin }), origin).to.equal(401);
      expect(await status(target, { ...fixture.bearer(ANN), origin }), origin).to.equal(101);
    }
    expect(await status(open, { ...cookie(), origin: 'https://chat.example.org' })).to.equal(101);
  });
});
