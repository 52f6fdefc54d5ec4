import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { launchChromium } from './support/launch-chromium.js';
import { checkEveryLook } from './support/looks.js';
import { PageNotes } from './support/page-notes.js';

/** Limit for anything on the page, in milliseconds; generous for busy machines. */
const PATIENCE_MS = patiently(15_000);

describe('the operator page', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let notes: PageNotes;
  /** Receives events, and answers with this status. */
  let status = 500;
  let taken = 0;
  const endpoint = createServer((_request, response) => {
    response.statusCode = status;
    if (status === 204) taken++;
    response.end();
  });
  let url: string;

  before(async () => {
    await once(endpoint.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`;
    cluster = await startTestCluster({
      ...{ gateways: 1, apis: 1, archivers: 0, dispatchers: 1 },
      env: { ...OPERATOR_SETTINGS, WEBHOOK_ALLOW_ADDRESSES: '127.0.0.0/8' },
    });
    browser = await launchChromium();
    context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    context.setDefaultTimeout(PATIENCE_MS);
    // The compiler of the tests calls this in the functions that they run on the page.
    await context.addInitScript('globalThis.__name = (it) => it');
    page = await context.newPage();
    notes = new PageNotes(page);
    await page.goto(`${cluster.operatorUrl}/`);
    await page.getByLabel('Token').fill(OPERATOR_SETTINGS.OPERATOR_TOKEN);
    await page.getByRole('button', { name: 'Show the cluster' }).click();
    await page.getByRole('heading', { name: 'Gateways' }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await cluster?.close();
    endpoint.close();
  });

  const show = async (section: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: section }).click();
    await page.getByRole('heading', { name: section, level: 2 }).waitFor();
  };
  const row = (table: string, text: string): Locator =>
    page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: text });
  const confirm = (answer: string): Promise<void> =>
    page.getByRole('dialog').getByRole('button', { name: answer, exact: true }).click();
  const said = (text: string): Promise<void> => page.getByText(text).waitFor();
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');

  it('creates an API key with scopes and an end, and shows it once', async () => {
    await show('API keys');
    await said('There are no API keys.');
    await page.getByRole('button', { name: 'Create key' }).click();
    const form = page.getByRole('dialog', { name: 'Create an API key' });
    await form.getByLabel('Name').fill('billing');
    await form.getByRole('button', { name: 'Create key' }).click();
    await form.getByText('That did not work: choose at least one scope.').waitFor();
    await form.getByRole('checkbox', { name: 'history:read' }).check();
    await form.getByRole('checkbox', { name: 'rooms:write' }).check();
    await form.getByLabel('Id of a bot').fill('77');
    await form.getByRole('button', { name: 'Create key' }).click();
    await form.getByText('That did not work: there is no such user.').waitFor();
    await form.getByLabel('Id of a bot').fill('');
    await form.getByLabel('Expires', { exact: true }).selectOption('In 30 days');
    await form.getByRole('button', { name: 'Create key' }).click();
    const secret = page.getByRole('dialog', { name: 'API key “billing”' });
    const key = await secret.getByLabel('API key').inputValue();
    expect(key).to.match(/^chk_/);
    await secret.getByRole('button', { name: 'Copy' }).click();
    await secret.getByText('Copied.').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal(key);
    await secret.getByRole('button', { name: 'Done' }).click();
    const shown = row('API keys', 'billing');
    await shown.getByText('history:read, rooms:write').waitFor();
    await shown.getByText('Active').waitFor();
    expect(await page.content()).to.not.include(key);
    expect((await request(`${cluster.url}/api/rooms`, { token: key })).status).to.equal(200);

    await shown.getByRole('button', { name: 'Revoke billing' }).click();
    await confirm('Revoke');
    await shown.getByText('Revoked').waitFor();
    expect(await focused()).to.include('billing');
    await eventually(async () => {
      expect((await request(`${cluster.url}/api/rooms`, { token: key })).status).to.equal(401);
    });
    await page.reload();
    await shown.getByText('Revoked').waitFor();
    expect(await shown.getByRole('button').count()).to.equal(0);
  });

  it('can be used with the keyboard', async () => {
    await show('API keys');
    await page.getByRole('button', { name: 'Create key' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Create an API key' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).to.equal('INPUT');
    await page.keyboard.type('typed');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'API key “typed”' }).waitFor();
    expect(await focused()).to.equal('Copy');
    await page.keyboard.press('Escape');
    await row('API keys', 'typed').waitFor();
    await page.getByRole('button', { name: 'Create key' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await page.getByRole('dialog').count()).to.equal(0));
    expect(await focused()).to.equal('Create key …');
  });

  it('manages webhooks, and shows what fails and why', async () => {
    await show('Webhooks');
    await said('There are no webhooks.');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    const form = page.getByRole('dialog', { name: 'Create a webhook' });
    await form.getByLabel('URL').fill('ftp://example.com');
    await form.getByRole('button', { name: 'Create webhook' }).click();
    await form
      .getByText('That did not work: url must be a URL that begins with https:// or http://')
      .waitFor();
    await form.getByLabel('URL').fill(url);
    await form.getByRole('checkbox', { name: 'room.created' }).check();
    await form.getByRole('button', { name: 'Create webhook' }).click();
    const secret = page.getByRole('dialog', { name: /^Webhook \d+$/ });
    const first = await secret.getByLabel('Secret').inputValue();
    expect(first).to.match(/^whsec_/);
    await secret.getByRole('button', { name: 'Done' }).click();
    const shown = row('webhooks', url);
    await shown.getByText('Delivering').waitFor();

    const { key } = (await operate(cluster, 'POST /keys', { name: 'rooms', scopes: ['rooms:write'] })).body;
    const newRoom = () => request(`${cluster.url}/api/rooms`, { token: key, body: { name: 'club' } });
    const becomes = (state: string): Promise<void> =>
      eventually(async () => {
        await page.getByRole('button', { name: 'Refresh webhooks' }).click();
        expect(await shown.textContent()).to.include(state);
      }, 60_000);
    await newRoom();
    await becomes('Failing');
    await shown.getByText('the endpoint answered 500').waitFor();

    await shown.getByRole('button', { name: 'New secret' }).click();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    expect(await secret.getByLabel('New secret').inputValue())
      .to.match(/^whsec_/)
      .and.not.equal(first);
    await secret.getByRole('button', { name: 'Done' }).click();

    await shown.getByRole('button', { name: 'Resume' }).click();
    const resume = page.getByRole('dialog', { name: 'Resume webhook' });
    await resume.getByLabel('After the event').fill('nothing');
    await resume.getByRole('button', { name: 'Resume' }).click();
    await resume.getByText('That did not work: after must be the id of an event').waitFor();
    await resume.getByLabel('After the event').fill('evt_0');
    await resume.getByRole('button', { name: 'Resume' }).click();
    await resume.waitFor({ state: 'detached' });
    await shown.getByText('evt_0').waitFor();

    await shown.getByRole('button', { name: 'Disable' }).click();
    await confirm('Disable');
    await shown.getByText('Disabled').waitFor();
    status = 204;
    await shown.getByRole('button', { name: 'Enable' }).click();
    await confirm('Enable');
    await shown.getByRole('button', { name: 'Disable' }).waitFor();
    await becomes('Delivering');
    // An endpoint that took nothing yet counts as down, and has no deliveries of single rooms.
    await eventually(() => expect(taken).to.be.above(0), 60_000);
    status = 500;
    await newRoom();

    await shown.getByRole('button', { name: 'Deliveries' }).click();
    const deliveries = page.getByRole('dialog', { name: 'Deliveries of webhook' });
    await eventually(async () => {
      await deliveries.getByRole('button', { name: 'Refresh deliveries' }).click();
      await deliveries.getByRole('button', { name: /Deliver again: evt_\d+/ }).click({ timeout: 2_000 });
    }, 60_000);
    await deliveries.getByText(/evt_\d+ is delivered again soon\./).waitFor();
    await deliveries.getByLabel('Recorded from').fill('2026-01-01T00:00');
    await deliveries.getByLabel('to', { exact: true }).fill('2025-01-01T00:00');
    await deliveries.getByRole('button', { name: 'Deliver all of them again' }).click();
    await deliveries.getByText('That did not work: to must not be before from.').waitFor();
    await checkEveryLook(page, 'operator-deliveries');
    await deliveries.getByRole('button', { name: 'Close' }).click();
    await checkEveryLook(page, 'operator-webhooks');

    await shown.getByRole('button', { name: 'Delete' }).click();
    await confirm('Delete');
    await said('There are no webhooks.');
  });

  it('shows the audit, newest first, page by page and filtered', async () => {
    for (let count = 0; count < 55; count++) await operate(cluster, 'POST /rebalance', {});
    await operate(cluster, 'PUT /users/7/ban', {});
    await show('Audit');
    const table = page.getByRole('table', { name: 'audit' });
    const rows = table.getByRole('row');
    await eventually(async () => expect(await rows.count()).to.equal(51));
    expect(await rows.nth(1).textContent()).to.match(/operator\s*banUser\s*user 7\s*200/);
    await page.getByRole('button', { name: 'Show more' }).click();
    await eventually(async () => expect(await rows.count()).to.be.above(60));
    expect(await focused()).to.include('rebalance');

    const filters = page.getByRole('form', { name: 'Filters of the audit' });
    await filters.getByLabel('Action').fill('createRoom');
    await filters.getByRole('button', { name: 'Show' }).click();
    await eventually(async () => expect(await rows.count()).to.equal(3));
    expect(await rows.nth(1).textContent()).to.match(/rooms[\s\S]+createRoom\s*room \d+\s*201/);
    await filters.getByLabel('Action').fill('');
    await filters.getByLabel('Id of the user').fill('7');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await rows.nth(1).textContent()).to.match(/banUser/));
    await filters.getByLabel('Id of the user').fill('seven');
    await filters.getByRole('button', { name: 'Show' }).click();
    await said('The audit cannot be shown: userId must be a positive integer');
    await filters.getByLabel('Id of the user').fill('8');
    await filters.getByRole('button', { name: 'Show' }).click();
    await said('No entry matches.');
    await filters.getByRole('button', { name: 'Clear' }).click();
    await eventually(async () => expect(await rows.count()).to.equal(51));
    await checkEveryLook(page, 'operator-audit');
  });

  it('looks good in every section and dialog', async () => {
    await show('Cluster');
    await checkEveryLook(page, 'operator-cluster');
    await show('API keys');
    await row('API keys', 'typed').waitFor();
    await checkEveryLook(page, 'operator-keys');
    await page.getByRole('button', { name: 'Create key' }).click();
    await checkEveryLook(page, 'operator-create-key');
    await page.keyboard.press('Escape');
    await show('Webhooks');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await checkEveryLook(page, 'operator-create-webhook');
    await page.keyboard.press('Escape');
  });

  it('tells in words that the API does not answer, and asks for the token when it is refused', async () => {
    expect(notes.errors.filter((error) => !/status of 40[04]/.test(error))).to.deep.equal([]);
    await page.route('**/keys*', (route) => route.abort());
    await show('API keys');
    await said('The API keys cannot be shown: the API does not answer.');
    await page.unroute('**/keys*');
    await page.evaluate(() => sessionStorage.setItem('chorus-operator-token', 'wrong'));
    await page.reload();
    await said('The API says: the operator token is not valid.');
    expect(await page.getByRole('navigation').count()).to.equal(0);
  });
});
