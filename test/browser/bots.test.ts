import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { operate } from '../support/clients/operator.js';
import { request } from '../support/clients/people.js';
import { screenshot } from './support/screenshot.js';
import { type Stage, sharedStage } from './support/stage.js';
import { seriousViolations } from './support/violations.js';
import type { Visitor } from './support/visitor.js';

const PHONE = { width: 390, height: 844 };

describe('bots on the page', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let username: string;
  let key: string;

  before(async () => {
    stage = await sharedStage();
    ada = await stage.visitor('ada');
    username = `pinger-${ada.username}-${'x'.repeat(60)}`.slice(0, 60);
    const { cluster } = stage;
    const newKey = async (scopes: readonly string[], botId?: number): Promise<string> =>
      (await operate(cluster, 'POST /keys', { name: 'test', scopes, botId })).body.key;
    const setup = await newKey(['users:write']);
    const { body } = await request(`${cluster.url}/api/users`, {
      body: { username, kind: 'bot' },
      token: setup,
    });
    key = await newKey(['messages:write', 'history:read'], body.id);
    await ada.createRoom(`room of ${ada.username}`);
  });
  after(() => stage?.leave());

  const says = async (content: string): Promise<void> => {
    const url = `${stage.cluster.url}/api/rooms/${ada.roomId()}/messages`;
    expect((await request(url, { body: { content }, token: key })).status).to.equal(201);
    await ada.message(content).waitFor();
  };
  const mark = (within: Locator): Locator => within.getByText('bot', { exact: true });

  it('are marked in their messages, live and after a reload', async () => {
    await says('the build is green');
    await ada.say('thank you');
    const row = ada.page.getByRole('article', { name: new RegExp(`^\\u2068${username}\\u2069, bot, `) });
    await mark(row).waitFor();
    expect(await mark(ada.log).count()).to.equal(1);
    await ada.page.reload();
    await mark(row).waitFor();
    expect(await mark(ada.log).count()).to.equal(1);
  });

  it('are marked in the search, in the list of members and among the names to mention', async () => {
    const { page } = ada;
    await page.getByRole('button', { name: 'Add people' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add people' });
    await dialog.getByRole('textbox', { name: 'Find people' }).fill(username.slice(0, 20));
    const found = dialog.getByRole('list', { name: 'Found people' }).getByRole('button', { name: username });
    await mark(found).waitFor();
    await found.click();
    expect(await seriousViolations(page)).to.deep.equal([]);
    await screenshot(page, 'bots-search');
    await dialog.getByRole('button', { name: 'Add' }).click();
    const members = page.getByRole('list', { name: 'Members' }).getByRole('listitem');
    await mark(members.filter({ hasText: username })).waitFor();
    expect(await mark(members.filter({ hasText: ada.username }).filter({ hasText: 'you' })).count()).to.equal(
      0,
    );
    await ada.composer.fill('@pin');
    await mark(page.getByRole('option').filter({ hasText: username })).waitFor();
    await ada.composer.fill('');
  });

  it('keep their mark in sight beside a long name, also on phones', async () => {
    const { page } = ada;
    for (const [name, colorScheme] of [
      ['desktop', 'light'],
      ['phone', 'light'],
      ['phone-dark', 'dark'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      if (name !== 'desktop') await page.setViewportSize(PHONE);
      const shown = mark(ada.log).first();
      await shown.waitFor();
      const box = await shown.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0), name).to.be.within(1, page.viewportSize()?.width ?? 0);
      await screenshot(page, `bots-${name}`);
      expect(await seriousViolations(page), name).to.deep.equal([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, `${name}: pixels to the side`).to.be.at.most(0);
    }
    await page.getByRole('button', { name: /^People/ }).click();
    await mark(page.getByRole('list', { name: 'Members' })).waitFor();
    await screenshot(page, 'bots-people-phone');
    expect(await seriousViolations(page)).to.deep.equal([]);
  });
});
