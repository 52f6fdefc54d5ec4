import { expect } from 'chai';
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
