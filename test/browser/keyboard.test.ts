import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { fillRoom } from './support/fill-room.js';
import { focusOn, hasFocus, tabTo } from './support/focus.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('with a keyboard only', function () {
  this.timeout(60_000);

  let stage: Stage;
  let account: Person;
  let teller: Person;
  let roomId: number;
  let ada: Visitor;
  const room = 'the room by the keyboard';

  before(async () => {
    stage = await sharedStage();
    const { url } = stage.cluster;
    [account, teller] = await Promise.all([createPerson(url, 'ada'), createPerson(url, 'teller')]);
    roomId = await createRoom(url, teller, `${room} ${account.username}`);
    await fillRoom(url, teller, roomId, ['welcome', 'make yourself at home']);
    ada = await stage.visitor('ada', { signUp: false });
  });
  after(() => stage?.leave());

  it('the user signs in', async () => {
    const { page } = ada;
    const email = page.getByRole('textbox', { name: 'E-mail' });
    await email.waitFor();
    await eventually(async () => expect(await hasFocus(email)).to.equal(true));
    await page.keyboard.type(account.email);
    await tabTo(page, page.getByLabel('Password'));
    await page.keyboard.type(account.password);
    await tabTo(page, page.getByRole('button', { name: 'Sign in' }));
    await page.keyboard.press('Enter');
    await ada.connected();
  });

  it('the user finds a room and opens it', async () => {
    const { page } = ada;
    await tabTo(page, page.getByRole('searchbox', { name: 'Find a room' }));
    await page.keyboard.type(account.username);
    const link = ada.roomLink(room);
    await link.waitFor();
    await tabTo(page, link);
    await page.keyboard.press('Enter');
    await ada.inRoom(`${room} ${account.username}`);
    await ada.message('make yourself at home').waitFor();
    expect(await link.getAttribute('aria-current')).to.equal('page');
  });

  it('the user writes: the composer has the focus, and keeps it', async () => {
    const { page } = ada;
    await eventually(async () => expect((await focusOn(page)).name).to.equal('textarea "Message"'));
    await page.keyboard.type('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await ada.delivered('first line\nsecond line', 'Sent');
    expect(await ada.composer.inputValue()).to.equal('');
    await page.keyboard.type('and with the button');
    await tabTo(page, page.getByRole('button', { name: 'Send' }));
    await page.keyboard.press('Space');
    await ada.delivered('and with the button', 'Sent');
  });

  it('the user scrolls, and leaves the log again', async () => {
    const { page } = ada;
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    await fillRoom(stage.cluster.url, teller, roomId, lines);
    await ada.message('line 39').waitFor();
    await tabTo(page, ada.log, 'Shift+Tab');
    const top = (): Promise<number> => ada.log.evaluate(({ scrollTop }) => scrollTop);
    const before = await top();
    await page.keyboard.press('PageUp');
    await eventually(async () => expect(await top()).to.be.lessThan(before));
    await tabTo(page, ada.composer);
  });

  it('the user creates a room in a dialog, which keeps the focus', async () => {
    const { page } = ada;
    const button = page.getByRole('button', { name: 'New room' });
    await tabTo(page, button, 'Shift+Tab');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'New room' });
    const name = dialog.getByRole('textbox', { name: 'Room name' });
    await eventually(async () => expect(await hasFocus(name)).to.equal(true));
    for (let stop = 0; stop < 5; stop++) {
      await page.keyboard.press('Tab');
      const isOutside = await page.evaluate(
        () => document.activeElement?.closest('dialog, body') === document.body,
      );
      // The browser's own controls are between the last and the first.
      expect(isOutside && (await focusOn(page)).name !== 'body').to.equal(false);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await hasFocus(button)).to.equal(true);
    await page.keyboard.press('Enter');
    await page.keyboard.type(`mine ${account.username}`);
    await page.keyboard.press('Enter');
    await ada.inRoom(`mine ${account.username}`);
  });

  it('the user moves through the rooms with the arrow keys, and to the search from everywhere', async () => {
    const { page } = ada;
    await page.keyboard.press('Control+k');
    expect(await hasFocus(page.getByRole('searchbox', { name: 'Find a room' }))).to.equal(true);
    const links = page.getByRole('list', { name: 'Rooms' }).getByRole('link');
    const last = (await links.count()) - 1;
    for (const [key, at] of [
      ['ArrowDown', 0],
      ['End', last],
      ['ArrowDown', last],
      ['Home', 0],
      ['ArrowUp', 0],
    ] as const) {
      await page.keyboard.press(key);
      expect(await hasFocus(links.nth(at)), key).to.equal(true);
    }
  });

  it('the user skips the list of rooms', async () => {
    const { page } = ada;
    const skip = page.getByRole('link', { name: 'Skip to the room' });
    await tabTo(page, skip, 'Shift+Tab');
    await page.keyboard.press('Enter');
    expect(await hasFocus(ada.composer)).to.equal(true);
  });

  it('the user confirms a proposal of an input method without sending it', async () => {
    await ada.composer.fill('\u4f60\u597d');
    // Safari ends the composition before this event.
    await ada.composer.dispatchEvent('keydown', {
      key: 'Enter',
      keyCode: 229,
      bubbles: true,
      cancelable: true,
    });
    expect(await ada.composer.inputValue()).to.equal('\u4f60\u597d');
    await ada.composer.fill('');
  });

  it('the user renames a room in its menu', async () => {
    const { page } = ada;
    const menu = page.getByRole('button', { name: 'Room menu' });
    await tabTo(page, menu, 'Shift+Tab');
    await page.keyboard.press('Enter');
    expect(await menu.getAttribute('aria-expanded')).to.equal('true');
    await page.keyboard.press('Escape');
    expect(await menu.getAttribute('aria-expanded')).to.equal('false');
    await page.keyboard.press('ArrowDown');
    const [rename, remove, leave] = ['Rename room', 'Delete room', 'Leave room'].map((name) =>
      page.getByRole('button', { name }),
    ) as [Locator, Locator, Locator];
    for (const [key, item] of [
      [undefined, rename],
      ['End', leave],
      ['ArrowUp', remove],
      ['Home', rename],
    ] as const) {
      if (key !== undefined) await page.keyboard.press(key);
      expect(await hasFocus(item), key ?? 'at first').to.equal(true);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Rename room' }).waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(`ours ${account.username}`);
    await page.keyboard.press('Enter');
    await ada.inRoom(`ours ${account.username}`);
  });

  it('the user signs out', async () => {
    const { page } = ada;
    await tabTo(page, page.getByRole('button', { name: 'Sign out' }));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await hasFocus(page.getByRole('textbox', { name: 'E-mail' }))).to.equal(true);
  });
});

describe('with a screen reader', function () {
  this.timeout(60_000);

  let stage: Stage;
  let teller: Person;
  let ada: Visitor;
  let roomId: number;

  before(async () => {
    stage = await sharedStage();
    const { url } = stage.cluster;
    [teller, ada] = await Promise.all([createPerson(url, 'teller'), stage.visitor('ada')]);
    roomId = await createRoom(url, teller, 'a quiet room');
    await fillRoom(url, teller, roomId, ['from before']);
    await ada.goToRoom(roomId);
    await ada.inRoom('a quiet room');
  });
  after(() => stage?.leave());

  it('everything has a role and a name', async () => {
    await ada.say('from me');
    await ada.delivered('from me', 'Sent');
    const page = await ada.page.locator('body').ariaSnapshot();
    for (const part of [
      /^\s*- navigation "Rooms":/m,
      /^\s*- searchbox "Find a room"/m,
      /^\s*- button "New room"/m,
      /^\s*- list "Rooms":/m,
      /^\s*- link "a quiet room"/m,
      /^\s*- button "Sign out"/m,
      /^\s*- status "Connection": Connected/m,
      /^\s*- main:/m,
      /^\s*- heading "a quiet room" \[level=1\]/m,
      /^\s*- button "Room menu"/m,
      /^\s*- log "Messages":/m,
      new RegExp(`^\\s*- article "\u2068${teller.username}\u2069, \\d\\d:\\d\\d":`, 'm'),
      /^\s*- img "Sent"/m,
      /^\s*- textbox "Message"/m,
      /^\s*- button "Send"/m,
      /^\s*- complementary "People":/m,
      /^\s*- list "People here":/m,
    ]) {
      expect(page).to.match(part);
    }
    // No control is without a name.
    expect(page).not.to.match(/^\s*- (button|link|textbox|searchbox|img|dialog)( \[[^\]]*\])*:?$/m);
  });

  it("others' messages are read out, but neither the user's own nor old ones", async () => {
    const live = ada.page.locator('[aria-live="polite"]');
    const heard = (): Promise<string> =>
      live.evaluateAll((all) => all.map((each) => each.textContent).join());
    expect(await heard()).to.equal('');
    await fillRoom(stage.cluster.url, teller, roomId, ['are you still there?']);
    await live
      .filter({ hasText: `\u2068${teller.username}\u2069: are you still there?` })
      .waitFor({ state: 'attached' });
    await ada.say('I am');
    await ada.delivered('I am', 'Sent');
    expect(await heard()).not.to.include('I am');
  });
});
