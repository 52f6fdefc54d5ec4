import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { useWebhooks } from '../testing/webhooks.js';

describe('webhooks to addresses that are not public', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  for (const target of [
    'http://127.0.0.1',
    'http://localhost',
    'http://[::1]',
    'http://0x7f.1',
    'http://[::ffff:127.0.0.1]',
  ]) {
    it(`are not sent: ${target}`, async () => {
      await fixture.webhook({ url: fixture.url.replace('http://127.0.0.1', target) });
      fixture.start({ allow: [] });
      await fixture.record(1, 1);
      await eventually(
        async () => expect((await fixture.state()).lastError).to.match(/is not a public address/),
        patiently(10_000),
      );
      expect(fixture.received).to.deep.equal([]);
    });
  }
});
