import { type ClientFrame, REFUSALS, refusalText, type V1ServerFrame } from '@chorus/protocol';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('rooms on the page', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let ben: Visitor;
  /** Returns a name that only this suite uses. */
  let named: (name: string) => string;

  before(async () => {
    stage = await sharedStage();
    [ada, ben] = await Promise.all([stage.visitor('ada'), stage.visitor('ben')]);
    named = (name) => `${name} ${ada.username}`;
    for (const name of ['kitchen', 'garden']) await ada.createRoom(named(name));
    for (const name of ['kitchen', 'garden']) await ben.openRoom(named(name));
  });
  after(() => stage?.leave());

  const unread = (visitor: Visitor, name: string): Promise<string> =>
    visitor
      .roomLink(named(name))
      .evaluate((link, name) => (link.textContent ?? '').replace(name, ''), named(name));

  it('are open together, over one socket', async () => {
    for (const { notes } of [ada, ben]) expect(notes.gateways).to.have.length(1);
    await ben.openRoom(named('kitchen'));
    await ada.openRoom(named('kitchen'));
    await ada.say('the kettle is on');
    await ben.message('the kettle is on').waitFor();
  });

  it('show the number of unread messages until they are opened', async () => {
    await ada.openRoom(named('garden'));
    for (const text of ['it rains', 'still', 'and on']) await ada.say(text);
    await ben.page.getByRole('link', { name: `${named('garden')} 3 unread`, exact: true }).waitFor();
    await eventually(async () => expect(await ben.page.title()).to.match(/^\(3\) kitchen/));
    await ben.openRoom(named('garden'));
    await ben.message('and on').waitFor();
    await ben.page.getByText('New', { exact: true }).waitFor();
    await eventually(async () => expect(await unread(ben, 'garden')).to.equal('#'));
    await eventually(async () => expect(await ben.page.title()).to.match(/^garden/));
    // The user's own messages do not count, and neither do those that are seen on arrival.
    await ada.say('and on and on');
    await ben.message('and on and on').waitFor();
    expect(await unread(ada, 'garden')).to.equal('#');
    expect(await unread(ben, 'garden')).to.equal('#');
  });

  it('keep their unread messages when the page is reloaded', async () => {
    await ben.openRoom(named('kitchen'));
    await ada.say('are you there?');
    await eventually(async () => expect(await unread(ben, 'garden')).to.match(/1/));
    await ben.page.reload();
    await eventually(async () => expect(await unread(ben, 'garden')).to.match(/\b1\b/));
  });

  it("appear in other users' lists, change there and disappear, without a reload", async () => {
    const { page } = ada;
    await ada.createRoom(named('cellar'));
    await ben.roomLink(named('cellar')).waitFor();
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: 'Rename room' }).click();
    const renaming = page.getByRole('dialog', { name: 'Rename room' });
    await renaming.getByRole('textbox', { name: 'Room name' }).fill(named('vault'));
    await renaming.getByRole('button', { name: 'Rename' }).click();
    await ben.roomLink(named('vault')).waitFor();
    expect(await ben.roomLink(named('cellar')).count()).to.equal(0);
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: 'Delete room' }).click();
    await page.getByRole('dialog', { name: 'Delete room' }).getByRole('button', { name: 'Delete' }).click();
    await ben.roomLink(named('vault')).waitFor({ state: 'detached' });
  });

  it('are renamed by their creator, also where they are open', async () => {
    await ada.openRoom(named('kitchen'));
    const { page } = ada;
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: 'Rename room' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename room' });
    await dialog.getByRole('textbox', { name: 'Room name' }).fill(named('pantry'));
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await ada.inRoom(named('pantry'));
    // Without a reload.
    await ben.inRoom(named('pantry'));
    expect(await ben.roomLink(named('kitchen')).count()).to.equal(0);
    await ben.page.getByRole('button', { name: 'Room menu' }).click();
    await ben.page.getByRole('button', { name: 'Leave room' }).waitFor();
    expect(
      await ben.page.getByRole('button', { name: 'Rename room' }).count(),
      'for its maker only',
    ).to.equal(0);
    await ben.page.keyboard.press('Escape');
  });

  it("keep the user's draft", async () => {
    await ada.composer.fill('half a sent');
    await ada.openRoom(named('garden'));
    expect(await ada.composer.inputValue()).to.equal('');
    await ada.openRoom(named('pantry'));
    expect(await ada.composer.inputValue()).to.equal('half a sent');
    await ada.composer.fill('');
  });

  it('show that a message was not sent, and why, and let the user discard it', async () => {
    // The composer prevents what a gateway refuses for good, so the test refuses this message on its way.
    const refuse = new Set(['not now']);
    await ada.page.routeWebSocket(/\/ws\/connect/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((data) => {
        const frame = JSON.parse(String(data)) as ClientFrame;
        if (frame.type !== 'publish' || !refuse.delete(frame.content)) return server.send(data);
        const { type: request, roomId, clientMsgId } = frame;
        const code = 'bad_content';
        const about = { request, roomId, clientMsgId };
        const refusal = { ...about, code, error: refusalText(code), retry: REFUSALS[code].retry } as const;
        socket.send(JSON.stringify({ type: 'error', ...refusal } satisfies V1ServerFrame));
      });
    });
    await ada.page.reload();
    await ada.connected();
    await ada.say('not now');
    await ada.delivered('not now', 'Not sent');
    await ada.say('the next one');
    await ada.delivered('the next one', 'Sent');
    expect(await ben.message('not now').count()).to.equal(0);
    // A retry would be refused as well.
    expect(await ada.message('not now').getByRole('button', { name: 'Retry' }).count()).to.equal(0);
    await ada.message('not now').getByRole('button', { name: 'Discard' }).click();
    await ada.message('not now').waitFor({ state: 'detached' });
    const said = await ada.said();
    await eventually(async () => expect(await ben.said()).to.deep.equal(said));
    expect(said).to.not.include('not now');
  });

  it('are deleted by their creator, also where they are open', async () => {
    const { page } = ada;
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: 'Delete room' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete room' });
    await dialog.getByText(named('pantry')).waitFor();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('Choose a room').waitFor();
    expect(await ada.roomLink(named('pantry')).count()).to.equal(0);

    await ben.page.getByRole('alert').filter({ hasText: 'This room was deleted.' }).waitFor();
    expect(await ben.composer.count()).to.equal(0);
    expect(await ben.roomLink(named('pantry')).count()).to.equal(0);
    expect(await ben.log.textContent()).to.not.match(/Nothing has been said|could not be read/);
    await ben.page.getByRole('button', { name: 'Close room' }).click();
    await ben.page.getByText('Choose a room').waitFor();
    await ben.page.getByRole('link', { name: named('garden') }).click();
    await ben.inRoom(named('garden'));
    await ada.openRoom(named('garden'));
    await ada.say('only the garden is left');
    await ben.message('only the garden is left').waitFor();
  });

  it('show an error if they do not exist', async () => {
    await ben.page.goto(`${ben.line.url}/#/rooms/987654321`);
    await ben.page.getByRole('alert').filter({ hasText: 'There is no such room.' }).waitFor();
    expect(await ben.log.count()).to.equal(0);
    expect(await ben.page.getByRole('alert').count()).to.equal(1);
    expect(await ben.roomLink('987654321').count()).to.equal(0);
    await ben.page.getByRole('button', { name: 'Back to rooms' }).click();
    await ben.page.getByText('Choose a room').waitFor();
    await ben.page.reload();
    await ben.connected();
    expect(await ben.roomLink('987654321').count()).to.equal(0);
  });

  it('are left, and receive nothing afterwards', async () => {
    await ben.openRoom(named('garden'));
    await ada.sees([ada.username, ben.username]);
    await ben.page.getByRole('button', { name: 'Room menu' }).click();
    await ben.page.getByRole('button', { name: 'Leave room' }).click();
    await ben.page.getByText('Choose a room').waitFor();
    await ada.sees([ada.username]);
    await ada.say('all alone');
    await ada.delivered('all alone', 'Sent');
    expect(await unread(ben, 'garden')).to.equal('#');
  });
});
