import { startTestOpenIdProvider, type TestOpenIdProvider } from '@chorus/testing';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { launchChromium } from './support/launch-chromium.js';
import { openVisitor, type Visitor } from './support/visitor.js';

describe('signing in by an identity provider', function () {
  this.timeout(60_000);
  let provider: TestOpenIdProvider;
  let cluster: TestCluster;
  let browser: Browser;
  let ada: Visitor;

  before(async () => {
    provider = await startTestOpenIdProvider();
    const { issuer, jwksUrl, authorizationUrl, tokenUrl } = provider;
    const page = { clientId: 'page', name: 'Example', authorizationUrl, tokenUrl };
    const AUTH_ISSUERS = JSON.stringify([{ issuer, jwksUrl, audience: 'page', page }]);
    [cluster, browser] = await Promise.all([
      startTestCluster({ gateways: 1, apis: 1, env: { AUTH_ISSUERS, AUTH_PASSWORDS: 'off' } }),
      launchChromium(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await cluster?.close();
    await provider?.close();
  });
  beforeEach(async () => {
    provider.user = { sub: 'ada', preferred_username: 'Ada of Example' };
    ada = await openVisitor(browser, cluster, 'ada', { signUp: false });
  });
  afterEach(() => ada.close());

  it('opens the chat, at the address that the user came for, and again after a reload', async () => {
    const { page, notes } = ada;
    await page.goto(`${ada.line.url}/#/rooms/1`);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in with Example' }).click();
    await ada.connected();
    await page.getByText('Ada of Example', { exact: true }).waitFor();
    expect(page.url()).to.equal(`${ada.line.url}/#/rooms/1`);
    await page.reload();
    await ada.connected();
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out everywhere' }).waitFor();
    expect(await page.getByRole('button', { name: 'Change password' }).count()).to.equal(0);
    // The policy of the page allows its requests to the provider; room 1 does not exist.
    expect(notes.errors.filter((text) => !text.includes('/api/'))).to.deep.equal([]);
  });

  it('is the only way that is offered without passwords', async () => {
    await ada.page.getByRole('button', { name: 'Sign in with Example' }).waitFor();
    expect(await ada.page.getByLabel('Password').count()).to.equal(0);
  });

  it('fails with a message for an answer that the page has not asked for', async () => {
    const { page } = ada;
    const before = provider.requests;
    await page.goto(`${ada.line.url}/?code=stolen&state=made-up`);
    await page.getByRole('alert').filter({ hasText: 'Signing in did not work' }).waitFor();
    expect(page.url()).to.equal(`${ada.line.url}/`);
    await page.goto(`${ada.line.url}/?error=access_denied&error_description=no&state=made-up`);
    await page.getByRole('alert').filter({ hasText: 'Signing in did not work: no' }).waitFor();
    expect(provider.requests).to.equal(before);
  });
});
