import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { screenshot } from './support/screenshot.js';
import { type Stage, sharedStage } from './support/stage.js';
import { seriousViolations } from './support/violations.js';
import type { Visitor } from './support/visitor.js';

interface Shown {
  readonly title: string;
  readonly body: string;
}

/** Notes the notifications that the page shows. They are those of the browser. */
const NOTE_NOTIFICATIONS = `
  globalThis.shown = [];
  globalThis.Notification = class extends Notification {
    constructor(...given) {
      super(...given);
      this.addEventListener('show', () => globalThis.shown.push(this));
    }
  };
`;

describe('what is unread', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let ben: Visitor;
  /** The other device of the second user. */
  let phone: Page;
  let room: string;

  before(async () => {
    stage = await sharedStage();
    [ada, ben] = await Promise.all([stage.visitor('ada'), stage.visitor('ben')]);
    room = `the news ${Date.now()}`;
    await ada.createRoom(room);
    await ben.openRoom(room);
    const other = await stage.visitor('ben', { signUp: false });
    phone = other.page;
    await phone.getByRole('textbox', { name: 'E-mail' }).fill(ben.email);
    await phone.getByLabel('Password').fill(ben.password);
    await phone.getByRole('button', { name: 'Sign in' }).click();
    await other.connected();
  });
  after(() => stage?.leave());

  const link = (page: Page, name: string): Locator =>
    page.getByRole('list', { name: 'Rooms' }).getByRole('link', { name });
  const first = (page: Page): Promise<string | null> =>
    page.getByRole('list', { name: 'Rooms' }).getByRole('link').first().locator('bdi').textContent();
  const home = async (visitor: Visitor): Promise<void> => {
    await visitor.page.goto(`${visitor.line.url}/#/`);
    await visitor.page.getByText('Choose a room').waitFor();
  };
  const shown = (): Promise<Shown[]> =>
    ben.page.evaluate(() => {
      const all: Notification[] = Reflect.get(globalThis, 'shown');
      return all.map(({ title, body }) => ({ title, body }));
    });
  /** Answers the question of the browser before it is asked: without a window it is never answered. Holds while the session is open. */
  const answer = async (setting: 'granted' | 'denied'): Promise<void> => {
    const debug = await ben.context.newCDPSession(ben.page);
    const { browserContextId } = (await debug.send('Target.getTargetInfo')).targetInfo;
    const about = { permission: { name: 'notifications' }, setting, origin: ben.line.url };
    await debug.send('Browser.setPermission', { ...about, ...(browserContextId && { browserContextId }) });
  };
  const permission = (): Promise<string> => ben.page.evaluate(() => Notification.permission);
  const hide = (hidden: boolean): Promise<void> =>
    ben.page.evaluate(
      (state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      },
      hidden ? 'hidden' : 'visible',
    );

  it('is equal on all devices of a user, also in rooms that none of them has open', async () => {
    await link(phone, room).waitFor();
    await home(ben);
    for (const text of ['one', 'two']) await ada.say(text);
    for (const page of [ben.page, phone]) {
      await link(page, `${room} 2 unread`).waitFor();
      await eventually(async () => expect(await page.title()).to.equal('(2) Chorus'));
    }
    await ben.openRoom(room);
    await ben.message('two').waitFor();
    for (const page of [ben.page, phone]) {
      await eventually(async () => expect(await page.title()).to.not.match(/\(/));
      await link(page, room).filter({ hasText: 'unread' }).waitFor({ state: 'detached' });
    }
  });

  it('does not count what is seen at once, nor deleted messages', async () => {
    await ada.say('seen at once');
    await ben.message('seen at once').waitFor();
    await home(ben);
    await ada.say('regretted');
    await link(phone, `${room} 1 unread`).waitFor();
    await ada.message('regretted').getByRole('button', { name: 'Message menu' }).click();
    await ada.page.getByRole('button', { name: 'Delete' }).click();
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    for (const page of [ben.page, phone]) {
      await link(page, room).filter({ hasText: 'unread' }).waitFor({ state: 'detached' });
    }
  });

  it('is marked where it mentions the user', async () => {
    await ada.say(`@${ben.username}, look`);
    for (const page of [ben.page, phone]) await link(page, `${room} 1 unread, mentions you`).waitFor();
  });

  it('arrives with the first direct message, without a reload, and on top of the list', async () => {
    await ada.message(`@${ben.username}, look`).waitFor();
    await ada.page.getByRole('button', { name: 'New message' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'New message' });
    await dialog.getByRole('textbox', { name: 'Find people' }).fill(ben.username);
    await dialog
      .getByRole('list', { name: 'Found people' })
      .getByRole('button', { name: ben.username })
      .click();
    await dialog.getByRole('button', { name: 'Open' }).click();
    await ada.inRoom(ben.username);
    await ada.say('psst');
    for (const page of [ben.page, phone]) {
      await link(page, `${ada.username} direct 1 unread`).waitFor();
      await eventually(async () => expect(await first(page)).to.equal(ada.username));
    }
  });

  it('is known to the author when others have seen it', async () => {
    expect(await ada.log.getByText(/^Seen by/).count()).to.equal(0);
    await ben.openRoom(ada.username);
    await ben.message('psst').waitFor();
    await ada.log.getByText(`Seen by \u2068${ben.username}\u2069`).waitFor();
  });

  it('can be what was read already', async () => {
    await ben.message('psst').getByRole('button', { name: 'Message menu' }).click();
    await ben.page.getByRole('button', { name: 'Mark as unread' }).click();
    await ben.page.getByText('Choose a room').waitFor();
    for (const page of [ben.page, phone]) await link(page, `${ada.username} direct 1 unread`).waitFor();
  });

  it('is notified of after the user was asked, which happens when it would be of use', async () => {
    await ben.context.addInitScript(NOTE_NOTIFICATIONS);
    await ben.page.reload();
    await ben.connected();
    const offer = ben.page.getByRole('status', { name: 'Notifications' });
    await link(ben.page, `${ada.username} direct 1 unread`).waitFor();
    expect(await offer.count()).to.equal(0);
    await ada.say('are you there?');
    await offer.waitFor();
    expect(await permission()).to.equal('default');
    expect(await seriousViolations(ben.page)).to.deep.equal([]);
    await screenshot(ben.page, 'notification-offer');
    await answer('granted');
    await offer.getByRole('button', { name: 'Turn on' }).click();
    await offer.waitFor({ state: 'detached' });
    expect(await permission()).to.equal('granted');
    expect(await shown(), 'the page is in view').to.deep.equal([]);
    await hide(true);
    await ada.say('**hello?**');
    await eventually(async () =>
      expect(await shown()).to.deep.equal([{ title: ada.username, body: 'hello?' }]),
    );
  });

  it('is shown when the notification is clicked', async () => {
    await home(ben);
    await ben.page.evaluate(() => {
      const [last]: Notification[] = Reflect.get(globalThis, 'shown').slice(-1);
      last?.dispatchEvent(new Event('click'));
    });
    await ben.inRoom(ada.username);
    await home(ben);
  });

  it('is notified of in rooms only where it mentions the user', async () => {
    await ada.openRoom(room);
    await ada.say('nothing special');
    await ada.say(`@${ben.username}: special`);
    const expected = { title: `${ada.username} in ${room}`, body: `@${ben.username}: special` };
    await eventually(async () => expect((await shown()).slice(1)).to.deep.equal([expected]));
    await hide(false);
    await ben.page.getByRole('button', { name: 'Account' }).click();
    const dialog = ben.page.getByRole('dialog', { name: 'Account' });
    await dialog.getByRole('checkbox', { name: 'Notify of mentions and direct messages' }).uncheck();
    await ben.page.keyboard.press('Escape');
    await hide(true);
    await ada.say(`@${ben.username}: the last one`);
    await link(phone, `${room} 4 unread, mentions you`).waitFor();
    expect((await shown()).length).to.equal(2);
  });

  it('is not notified of if the browser does not allow it', async () => {
    await hide(false);
    await answer('denied');
    await ben.page.reload();
    await ben.connected();
    await ben.page.getByRole('button', { name: 'Account' }).click();
    await ben.page.getByText('The browser does not allow notifications here.').waitFor();
    await ben.page.keyboard.press('Escape');
  });

  it('is not notified of by browsers in which only service workers may do that', async () => {
    const cleo = await stage.visitor('cleo');
    await cleo.context.addInitScript(
      `Notification = class { static permission = 'default'; constructor() { throw new TypeError(); } };`,
    );
    await cleo.page.reload();
    await cleo.connected();
    await cleo.page.getByRole('button', { name: 'Account' }).click();
    const dialog = cleo.page.getByRole('dialog', { name: 'Account' });
    await dialog.getByRole('button', { name: 'Change password' }).waitFor();
    expect(await dialog.getByText(/notif/i).count()).to.equal(0);
  });

  it('had no error on their pages', () => {
    for (const { notes } of [ada, ben]) {
      expect(notes.errors).to.deep.equal([]);
      expect(notes.dialogs).to.deep.equal([]);
    }
  });
});
