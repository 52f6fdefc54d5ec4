import { AllowedAddresses } from '@chorus/service';
import { eventually, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { Webhook as Verifier } from 'standardwebhooks';
import { headersOf, SECRET, useWebhooks } from '../testing/webhooks.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookTests } from './webhook-tests.js';

describe('tests of webhooks', function () {
  this.timeout(60_000);
  const fixture = useWebhooks();
  let stop = async (): Promise<void> => undefined;
  afterEach(() => stop());

  /** Starts a dispatcher's tests, and requests one of a new webhook. @returns its result */
  const test = async (allow: string[], fields: object = {}) => {
    const { id: webhookId } = await fixture.webhook(fields);
    const client = new WebhookClient(new AllowedAddresses(allow), fixture.secrets, 2, patiently(1_000));
    const tests = new WebhookTests(fixture.db, client, 'here', silentLog);
    stop = async () => {
      await tests.close();
      await client.close();
    };
    tests.start();
    const { id } = await fixture.db.webhookTest.create({ data: { webhookId } });
    return eventually(async () => {
      const { status, error, ms } = await fixture.db.webhookTest.findUniqueOrThrow({ where: { id } });
      expect(ms).not.to.equal(null);
      return { status, error };
    }, patiently(10_000));
  };

  it('send one signed event, also to a disabled webhook', async () => {
    expect(await test(['127.0.0.0/8'], { enabled: false })).to.deep.equal({ status: 200, error: null });
    const [{ id, body, headers } = { id: '', body: '', headers: {} }] = fixture.received;
    expect(fixture.received).to.have.length(1);
    expect(id).to.match(/^test_\d+$/);
    const event = new Verifier(SECRET).verify(body, headersOf({ headers }));
    expect(event).to.deep.include({ type: 'webhook.test' });
  });

  it('tell of an answer without success, and of none', async () => {
    fixture.answer = () => 503;
    expect(await test(['127.0.0.0/8'])).to.deep.equal({ status: 503, error: 'the endpoint answered 503' });
  });

  it('send nothing to addresses that are not public', async () => {
    const { status, error } = await test([]);
    expect(`${status} ${error}`).to.match(/is not a public address/);
    expect(fixture.received).to.deep.equal([]);
  });
});
