import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { request } from '../support/clients/people.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('a session', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;

  before(async () => {
    stage = await sharedStage();
    ada = await stage.visitor('ada');
    await ada.createRoom(`tabs ${ada.username}`);
  });
  after(() => stage?.leave());

  const signIn = async (): Promise<void> => {
    const { page } = ada;
    await page.getByRole('textbox', { name: 'E-mail' }).fill(ada.email);
    await page.getByLabel('Password').fill(ada.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await ada.connected();
  };

  it('lasts when the page is reloaded, and so do its rooms', async () => {
    await ada.say('before');
    await ada.delivered('before', 'Sent');
    await ada.page.reload();
    await ada.inRoom(`tabs ${ada.username}`);
    await ada.message('before').waitFor();
  });

  for (const [title, breakStorage] of [
    ['full', 'Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }'],
    [
      'blocked',
      'Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })',
    ],
  ] as const) {
    it(`lasts when the page is reloaded and the storage of the browser is ${title}`, async () => {
      const other = await stage.visitor('bob');
      await other.page.evaluate(() => localStorage.clear());
      await other.context.addInitScript(breakStorage);
      for (let load = 0; load < 2; load++) {
        await other.page.reload();
        await other.connected();
      }
      await other.page.getByText(other.username, { exact: true }).waitFor();
      await other.close();
    });
  }

  it('ends in all tabs when the user signs out in one', async () => {
    const { page, notes } = await ada.tab();
    await page.getByRole('status', { name: 'Connection' }).filter({ hasText: 'Connected' }).waitFor();
    // No request is in flight that would be refused.
    for (const each of [page, ada.page]) await each.getByText('This is where it begins.').waitFor();
    await ada.signOut();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.getByRole('alert').filter({ hasText: 'You have signed out in another tab.' }).waitFor();
    for (const errors of [notes.errors, ada.notes.errors]) expect(errors).to.deep.equal([]);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.close();
  });

  it('does not start with a wrong password', async () => {
    const { page } = ada;
    await page.getByRole('textbox', { name: 'E-mail' }).fill(ada.email);
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await ada.connection.waitFor({ state: 'detached' });
  });

  it('starts in all tabs when the user signs in in one', async () => {
    const { page } = await ada.tab();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await signIn();
    await page.getByRole('status', { name: 'Connection' }).filter({ hasText: 'Connected' }).waitFor();
    await page.close();
  });

  it('ends with a message when another device ends it', async () => {
    const [cookie] = (await ada.context.cookies()).filter(({ name }) => name === 'jwt');
    const token = cookie?.value ?? '';
    const { status } = await request(`${stage.cluster.url}/api/users/logout`, { token });
    expect(status).to.equal(200);
    await ada.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await ada.page.getByRole('alert').filter({ hasText: 'Your session has ended.' }).waitFor();
  });

  it('continues with a new password, and ends everywhere on request', async () => {
    const eve = await stage.visitor('eve');
    const { page } = eve;
    const account = async () => {
      await page.getByRole('button', { name: 'Account' }).click();
      return page.getByRole('dialog', { name: 'Account' });
    };
    const dialog = await account();
    await dialog.getByLabel('Current password').fill('not this one');
    await dialog.getByLabel('New password').fill('close sesame');
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'The current password is wrong.' }).waitFor();
    await dialog.getByLabel('Current password').fill(eve.password);
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await eve.createRoom(`after the change ${eve.username}`);
    await eve.say('still here');
    await eve.delivered('still here', 'Sent');
    await (await account()).getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('continues in all tabs with a new password, also if their sockets end before the response arrives', async () => {
    const eve = await stage.visitor('eve');
    const tabs = [eve.page, (await eve.tab()).page];
    const connection = (page: Page) => page.getByRole('status', { name: 'Connection' });
    for (const page of tabs)
      await connection(page)
        .filter({ hasText: /^Connected$/ })
        .waitFor();
    await eve.page.route('**/api/users/me/password', async (route) => {
      const { cookie = '', 'content-type': type = '' } = await route.request().allHeaders();
      const answer = await fetch(route.request().url(), {
        method: 'PUT',
        headers: { cookie, 'content-type': type },
        body: route.request().postData(),
      });
      const body = await answer.text();
      for (const page of tabs)
        await connection(page)
          .filter({ hasNotText: /^Connected$/ })
          .waitFor();
      // A tab that renews the session now has the cookie of an ended session.
      const renewed = tabs.map((page) => page.waitForResponse('**/api/users/refresh').catch(() => undefined));
      await Promise.race([sleep(1_000), ...renewed]);
      const headers = {
        'content-type': 'application/json',
        'set-cookie': answer.headers.get('set-cookie') ?? '',
      };
      await route.fulfill({ status: answer.status, headers, body });
    });
    await eve.page.getByRole('button', { name: 'Account' }).click();
    const dialog = eve.page.getByRole('dialog', { name: 'Account' });
    await dialog.getByLabel('Current password').fill(eve.password);
    await dialog.getByLabel('New password').fill('close sesame');
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.waitFor({ state: 'hidden' });
    for (const page of tabs)
      await connection(page)
        .filter({ hasText: /^Connected$/ })
        .waitFor();
  });

  it('leaves nothing behind that the next user could read', async () => {
    await signIn();
    await ada.inRoom(`tabs ${ada.username}`);
    await ada.signOut();
    expect(await ada.context.cookies()).to.deep.equal([]);
    expect(await ada.page.locator('body').textContent()).not.to.include('before');
  });
});
