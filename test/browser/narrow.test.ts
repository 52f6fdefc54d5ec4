import { expect } from 'chai';
import { screenshot } from './support/screenshot.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('on a small screen', function () {
  this.timeout(60_000);

  let stage: Stage;
  before(async () => {
    stage = await sharedStage();
  });
  after(() => stage?.leave());

  const people = (visitor: Visitor) => visitor.page.getByRole('complementary', { name: 'People' });
  const openPeople = async (visitor: Visitor): Promise<void> => {
    await visitor.page.getByRole('button', { name: 'People' }).click();
    await people(visitor).waitFor();
  };

  // 1280 × 800 at 200 %.
  it('people do not cover the line to write in', async () => {
    const ada = await stage.visitor('ada', { context: { viewport: { width: 640, height: 400 } } });
    await ada.createRoom(`zoomed ${ada.username}`);
    await openPeople(ada);
    // Playwright clicks only what nothing covers.
    await ada.composer.fill('written beside the people');
    await ada.page.getByRole('button', { name: 'Send' }).click();
    await ada.delivered('written beside the people', 'Sent');
    expect(await people(ada).count()).to.equal(1);
  });

  it('people that were beside the messages do not cover them when the page is zoomed, unless a dialog is open', async () => {
    const ada = await stage.visitor('ada');
    const { page } = ada;
    await ada.createRoom(`zooming ${ada.username}`);
    await people(ada).waitFor();
    await page.getByRole('button', { name: 'Add people' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add people' });
    await page.setViewportSize({ width: 640, height: 400 });
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    expect(await dialog.count()).to.equal(1);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.setViewportSize({ width: 640, height: 400 });
    await people(ada).waitFor({ state: 'detached' });
    await openPeople(ada);
  });

  it('the menu of a message, its dialogs and those of the people can be used', async () => {
    for (const viewport of [
      { width: 640, height: 400 },
      { width: 360, height: 640 },
    ]) {
      const ada = await stage.visitor('ada', { context: { viewport, hasTouch: true } });
      const { page } = ada;
      await ada.createRoom(`narrow ${ada.username}`);
      for (const text of ['one', 'two', 'three']) await ada.say(text);
      await ada.delivered('three', 'Sent');
      const button = ada.message('one').getByRole('button', { name: 'Message menu' });
      await button.tap();
      await page.getByRole('group', { name: 'Message menu' }).getByRole('button', { name: 'heart' }).tap();
      await ada.message('one').getByRole('button', { name: '❤️ 1' }).tap();
      await button.tap();
      await page.getByRole('button', { name: 'Delete', exact: true }).tap();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).tap();
      await ada.message('This message was deleted.').waitFor();
      await openPeople(ada);
      await page.getByRole('button', { name: 'Add people' }).tap();
      await screenshot(page, `add-people-${viewport.width}`);
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).tap();
      await page.getByRole('button', { name: 'Invite by link' }).tap();
      await page.getByRole('button', { name: 'Create link' }).tap();
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).tap();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, 'pixels to the side').to.be.at.most(0);
    }
  });

  it('the menu of a member is in view as a whole', async () => {
    const context = { viewport: { width: 375, height: 560 }, hasTouch: true, isMobile: true };
    const [ada, ben] = [await stage.visitor('ada', { context }), await stage.visitor('ben')];
    const name = `menus of ${ada.username}`;
    await ada.createRoom(name);
    await ben.openRoom(name);
    await openPeople(ada);
    await ada.page.getByRole('button', { name: /^Menu of/ }).tap();
    const last = ada.page.getByRole('button', { name: 'Remove from room' });
    await last.waitFor();
    const [menu, panel] = await Promise.all([last.boundingBox(), people(ada).boundingBox()]);
    if (menu === null || panel === null) throw new Error('they are not shown');
    expect(menu.y + menu.height).to.be.at.most(panel.y + panel.height);
  });

  it('going back on a phone closes the list of members, and only then leaves the room', async () => {
    const context = { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true };
    const ada = await stage.visitor('ada', { context });
    const name = `phone ${ada.username}`;
    await ada.createRoom(name);
    await openPeople(ada);
    await ada.page.goBack();
    await people(ada).waitFor({ state: 'detached' });
    await ada.inRoom(name);
    // Also by the arrow of the page.
    await openPeople(ada);
    await ada.page.getByRole('link', { name: 'Close people' }).click();
    await people(ada).waitFor({ state: 'detached' });
    await ada.inRoom(name);
    await ada.page.getByRole('link', { name: 'Back to rooms' }).click();
    await ada.roomLink(name).waitFor();
  });

  it('the day of messages changes at midnight', async () => {
    const ada = await stage.visitor('ada');
    const evening = new Date();
    evening.setHours(23, 59, 50, 0);
    await ada.page.clock.install({ time: evening });
    await ada.page.reload();
    await ada.connected();
    await ada.createRoom(`late ${ada.username}`);
    await ada.say('good night');
    await ada.log.getByText('Today', { exact: true }).waitFor();
    await ada.page.clock.runFor(60_000);
    await ada.log.getByText('Yesterday', { exact: true }).waitFor();
  });
});
