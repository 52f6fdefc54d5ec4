import { until } from '@chorus/testing';
import { expect } from 'chai';
import WebSocket from 'ws';
import type { Gateway } from '../create-gateway.js';
import { BOB } from '../testing/gateways.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

describe('gateways with copies of the access list, over Redis', function () {
  this.timeout(60_000);
  let fixture: RedisGatewayFixture;
  let gateways: Gateway[];

  beforeEach(async () => {
    fixture = await RedisGatewayFixture.open();
    await fixture.directory.ensure(1, 0);
    gateways = [await fixture.start(), await fixture.start()];
    for (const gateway of gateways) await fixture.join(gateway, 1, BOB);
  });
  afterEach(() => fixture.close());

  /** Connects again and again until each gateway has refused one attempt. Returns the time since `from`, in milliseconds. */
  async function refusedAfter(headers: Record<string, string>, from: number): Promise<number> {
    const times = await Promise.all(
      gateways.map(async ({ port }) => {
        for (;;) {
          const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/join-room/1`, { headers });
          const opened = await new Promise<boolean>((resolve) => {
            socket.once('open', () => resolve(true));
            socket.once('error', () => resolve(false));
          });
          if (!opened) return performance.now() - from;
        }
      }),
    );
    return Math.max(...times);
  }

  for (const announced of [true, false]) {
    it(`refuse a banned user and a signed-out token ${announced ? 'from the event on' : 'without an event'}, and close what slipped in`, async () => {
      const longest: number[] = [];
      for (let round = 0; round < 5; round++) {
        const user = { id: 100 + round, username: `user${round}` };
        const headers = fixture.bearer(user);
        const check = fixture.tokens.verify(headers.authorization?.slice('Bearer '.length));
        if (!check.ok) throw new Error('not a token');
        for (const gateway of gateways) fixture.connect(gateway, '/ws/join-room/1', headers);
        await until(() =>
          gateways.every(({ connections }) => connections.ofUser(user.id)[0]?.connection !== undefined),
        );
        const { tokenId, expiresAt } = check.token;
        if (round % 2 === 0) await fixture.list.ban({ userId: user.id });
        else await fixture.list.revoke(tokenId, expiresAt);
        if (announced) {
          const event = round % 2 === 0 ? 'user-banned' : 'token-revoked';
          await fixture.directory.announce(
            event === 'user-banned' ? { type: event, userId: user.id } : { type: event, tokenId },
          );
        }
        longest.push(await refusedAfter(headers, performance.now()));
        await until(() => gateways.every(({ connections }) => connections.ofUser(user.id).length === 0));
      }

      expect(longest).to.have.length(5);
    });
  }
});
