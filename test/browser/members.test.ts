import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { screenshot } from './support/screenshot.js';
import { type Stage, sharedStage } from './support/stage.js';
import { seriousViolations } from './support/violations.js';
import type { Visitor } from './support/visitor.js';

describe('private rooms and their members on the page', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let ben: Visitor;
  let cleo: Visitor;
  let room: string;
  let link: string;

  before(async () => {
    stage = await sharedStage();
    [ada, ben] = await Promise.all([stage.visitor('ada'), stage.visitor('ben')]);
    cleo = await stage.visitor('cleo', { signUp: false });
    room = `secret of ${ada.username}`;
  });
  after(() => stage?.leave());

  const members = ({ page }: Visitor): Locator => page.getByRole('list', { name: 'Members' });
  const member = (visitor: Visitor, of: Visitor): Locator =>
    members(visitor).getByRole('listitem').filter({ hasText: of.username });
  const choose = async (visitor: Visitor, of: Visitor, item: string): Promise<void> => {
    await visitor.page.getByRole('button', { name: `Menu of \u2068${of.username}\u2069` }).click();
    await visitor.page.getByRole('button', { name: item, exact: true }).click();
  };
  const roomMenu = async ({ page }: Visitor, item: string): Promise<void> => {
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: item, exact: true }).click();
  };
  const pick = async (dialog: Locator, username: string): Promise<void> => {
    await dialog.getByRole('textbox', { name: 'Find people' }).fill(username.slice(0, 6));
    await dialog.getByRole('list', { name: 'Found people' }).getByRole('button', { name: username }).click();
    await dialog
      .getByRole('list', { name: 'Chosen people' })
      .getByRole('button', { name: username })
      .waitFor();
  };

  it('are not found by other users, also by their address', async () => {
    const { page } = ada;
    await page.getByRole('button', { name: 'New room' }).click();
    const dialog = page.getByRole('dialog', { name: 'New room' });
    await dialog.getByRole('textbox', { name: 'Room name' }).fill(room);
    await dialog.getByRole('checkbox', { name: 'Private' }).check();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await ada.inRoom(room);
    await member(ada, ada).getByText('you, owner').waitFor();
    await ada.roomLink(`${room} private`).waitFor();
    await ben.page.goto(`${ben.line.url}/#/rooms/${ada.roomId()}`);
    await ben.page.getByRole('alert').filter({ hasText: 'There is no such room.' }).waitFor();
    await ben.page.getByRole('button', { name: 'Back to rooms' }).click();
    expect(await ben.roomLink(room).count()).to.equal(0);
  });

  it('get members by name, who then can enter, and are listed with their roles', async () => {
    await ada.page.getByRole('button', { name: 'Add people' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Add people' });
    await pick(dialog, ben.username);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await member(ada, ben).waitFor();
    await ada.log.getByText(`You added \u2068${ben.username}\u2069.`).waitFor();
    await ben.goToRoom(ada.roomId());
    await ben.inRoom(room);
    await member(ben, ada).getByText('owner').waitFor();
    expect(await ben.page.getByRole('button', { name: 'Add people' }).count()).to.equal(0);
    await ada.say('now we are two');
    await ben.message('now we are two').waitFor();
  });

  it('get moderators, who see at once what they may do', async () => {
    await choose(ada, ben, 'Make moderator');
    await member(ada, ben).getByText('moderator').waitFor();
    await ben.page.getByRole('button', { name: 'Invite by link' }).waitFor();
    await ben.page.getByRole('button', { name: 'Room menu' }).click();
    await ben.page.getByRole('button', { name: 'Room settings' }).waitFor();
    expect(await ben.page.getByRole('button', { name: /^(Delete|Rename) room$/ }).count()).to.equal(0);
    await ben.page.keyboard.press('Escape');
  });

  it('are entered with a link, by users who first create an account', async () => {
    await ben.page.getByRole('button', { name: 'Invite by link' }).click();
    const dialog = ben.page.getByRole('dialog', { name: 'Invite by link' });
    await dialog.getByRole('combobox', { name: 'For', exact: true }).selectOption('1 person');
    await dialog.getByRole('button', { name: 'Create link' }).click();
    link = await dialog.getByRole('textbox', { name: 'Link' }).inputValue();
    expect(link).to.match(/^http.*\/#\/invite\/[\w-]+$/);
    await dialog.getByText('0 of 1 used.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await cleo.page.goto(link.replace(ben.line.url, cleo.line.url));
    await cleo.page.reload();
    await cleo.page.getByText('You are invited to a room.').waitFor();
    await cleo.signUp();
    await cleo.inRoom(room);
    expect(cleo.roomId()).to.equal(ada.roomId());
    await member(ada, cleo).waitFor();
    await cleo.message('now we are two').waitFor();
    await cleo.say('hello, all');
    await ada.message('hello, all').waitFor();
  });

  it('are closed to a link that was used up', async () => {
    const dora = await stage.visitor('dora');
    await dora.page.goto(link.replace(ben.line.url, dora.line.url));
    await dora.page
      .getByRole('alert')
      .filter({ hasText: 'This invitation has ended, or never existed.' })
      .waitFor();
    expect(await dora.roomLink(room).count()).to.equal(0);
  });

  it('show their moderators all links that can be used, who copy and revoke them', async () => {
    await ben.page.getByRole('button', { name: 'Invite by link' }).click();
    await ben.page.getByRole('button', { name: 'Create link' }).click();
    const made = ben.page.getByRole('textbox', { name: 'Link' });
    const address = await made.inputValue();
    expect(address).to.not.equal(link);
    await ben.page.getByRole('button', { name: 'Close' }).click();
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await ada.page.getByRole('button', { name: 'Invite by link' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Invite by link' });
    const item = dialog.getByRole('list', { name: 'Links' }).getByRole('listitem');
    await item.getByText('0 of 10 used.').waitFor();
    expect(await item.count(), 'the other link was used up').to.equal(1);
    await item.getByRole('button', { name: 'Copy' }).click();
    await item.getByText('Copied').waitFor();
    const copied = await ada.page.evaluate(() => navigator.clipboard.readText());
    expect(new URL(copied).hash).to.equal(new URL(address).hash);
    expect(await seriousViolations(ada.page)).to.deep.equal([]);
    await screenshot(ada.page, 'invites');
    await item.getByRole('button', { name: 'Revoke' }).click();
    await item.waitFor({ state: 'detached' });
    await ada.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const answered = ben.page.waitForResponse(/\/invites\?/);
    await ben.page.getByRole('button', { name: 'Invite by link' }).click();
    expect((await (await answered).json()).invites).to.deep.equal([]);
    expect(await made.count()).to.equal(0);
    await ben.page.keyboard.press('Escape');
  });

  it('hold reports of messages, for their moderators, who delete them', async () => {
    await ada.message('hello, all').getByRole('button', { name: 'Message menu' }).click();
    await ada.page.getByRole('button', { name: 'Report' }).click();
    const report = ada.page.getByRole('dialog', { name: 'Report message' });
    await report.getByRole('textbox', { name: 'Reason' }).fill('too loud');
    await report.getByRole('button', { name: 'Report' }).click();
    await report.waitFor({ state: 'detached' });
    await ada.page.getByRole('alert').filter({ hasText: 'Your report was sent' }).waitFor();
    await roomMenu(ben, 'Reports');
    const dialog = ben.page.getByRole('dialog', { name: 'Reports' });
    const item = dialog.getByRole('listitem').filter({ hasText: 'too loud' });
    await item.getByText('hello, all').waitFor();
    await item.getByRole('button', { name: 'Delete message' }).click();
    await item.getByText('The message was deleted.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await cleo.message(`This message was deleted by \u2068${ben.username}\u2069.`).waitFor();
  });

  it('have members who are muted and unmuted', async () => {
    await choose(ada, cleo, 'Mute for an hour');
    await member(ada, cleo).getByText('muted').waitFor();
    await cleo.log.getByText(`muted you.`).waitFor();
    const note = cleo.page.getByRole('status').filter({ hasText: /^Muted until \d/ });
    await note.waitFor();
    await cleo.composer.fill('mmh');
    await cleo.page.keyboard.press('Enter');
    expect(await cleo.composer.inputValue()).to.equal('mmh');
    await choose(ada, cleo, 'Unmute');
    await note.waitFor({ state: 'detached' });
    await member(ada, cleo).getByText('muted').waitFor({ state: 'detached' });
    await cleo.say('I may speak');
    await ada.message('I may speak').waitFor();
  });

  it('are changed by their owners: topic and slow mode', async () => {
    await roomMenu(ada, 'Room settings');
    const dialog = ada.page.getByRole('dialog', { name: 'Room settings' });
    await dialog.getByRole('textbox', { name: 'Topic' }).fill('plans for spring');
    await dialog.getByRole('combobox').selectOption('30 seconds');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await cleo.page.getByText('plans for spring').waitFor();
    await cleo.log.getByText('set slow mode to 30 s').waitFor({ state: 'attached' });
  });

  it('keep in their history what happened, equal on all devices', async () => {
    const lines = (page: Page): Promise<string[]> =>
      page.locator('.event').evaluateAll((all) => all.map(({ textContent }) => textContent ?? ''));
    const [a, b, c] = [ada, ben, cleo].map(({ username }) => `\u2068${username}\u2069`);
    const wanted = [
      `You added ${b}.`,
      `You made ${b} a moderator.`,
      `${c} joined.`,
      `You muted ${c}.`,
      `You unmuted ${c}.`,
      'You changed the topic and set slow mode to 30 s.',
    ];
    const shown = async (page: Page): Promise<void> =>
      eventually(async () => {
        const texts = (await lines(page)).map((text) => text.replace(/ \d\d:\d\d$/, ''));
        expect(texts).to.deep.equal(wanted);
      });
    await shown(ada.page);
    await ada.page.reload();
    await shown(ada.page);
    await shown((await ada.tab()).page);
    await cleo.page.reload();
    await cleo.log.getByText(`${a} muted you.`).waitFor();
  });

  it('end for members who are removed, and who leave', async () => {
    await choose(ada, cleo, 'Remove from room');
    await cleo.page
      .getByRole('alert')
      .filter({ hasText: 'You are not a member of this room any more.' })
      .waitFor();
    expect(await cleo.roomLink(room).count()).to.equal(0);
    await member(ada, cleo).waitFor({ state: 'detached' });
    await roomMenu(ben, 'Leave room');
    await ben.page.getByRole('dialog', { name: 'Leave room' }).getByRole('button', { name: 'Leave' }).click();
    await ben.page.getByText('Choose a room').waitFor();
    expect(await ben.roomLink(room).count()).to.equal(0);
    await member(ada, ben).waitFor({ state: 'detached' });
  });

  it('keep their last owner', async () => {
    await roomMenu(ada, 'Leave room');
    const dialog = ada.page.getByRole('dialog', { name: 'Leave room' });
    await dialog.getByRole('button', { name: 'Leave' }).click();
    await dialog.getByRole('alert').filter({ hasText: /owner/ }).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await ada.say('still here');
    await ada.delivered('still here', 'Sent');
  });

  it('are made for two users with a direct message, once, and are named after the other', async () => {
    await ada.page.getByRole('button', { name: 'New message' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'New message' });
    await pick(dialog, ben.username);
    await dialog.getByRole('button', { name: 'Open' }).click();
    await ada.inRoom(ben.username);
    const id = ada.roomId();
    await ada.say('psst');
    await ada.delivered('psst', 'Sent');
    await ben.page.getByRole('button', { name: 'Refresh rooms' }).click();
    await ben.openRoom(ada.username);
    await ben.message('psst').waitFor();
    expect(ben.roomId()).to.equal(id);
    await roomMenu(ben, 'Close conversation');
    await ben.page.getByText('Choose a room').waitFor();
    await ben.openRoom(ada.username);
    expect(ben.roomId()).to.equal(id);
  });

  it('had no error on their pages', () => {
    for (const { notes } of [ada, ben, cleo]) {
      // The browser reports answers of 403, 404 and 409.
      expect(notes.errors.filter((error) => !/status of 4\d\d/.test(error))).to.deep.equal([]);
      expect(notes.dialogs).to.deep.equal([]);
    }
  });
});
