import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('two users in two browsers, on two gateways', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let ben: Visitor;

  before(async () => {
    stage = await sharedStage();
    const [first, second] = stage.cluster.gateways;
    if (first === undefined || second === undefined) throw new Error('there are no two gateways');
    [ada, ben] = await Promise.all([
      stage.visitor('ada', { gateways: [first] }),
      stage.visitor('ben', { gateways: [second] }),
    ]);
  });
  after(() => stage?.leave());

  it('sign up, and meet in a room that one of them creates', async () => {
    const room = `analytical engines ${ada.username}`;
    await ada.createRoom(room);
    await ada.sees([ada.username]);
    await ben.openRoom(room);
    expect(ben.roomId()).to.equal(ada.roomId());
    for (const visitor of [ada, ben]) await visitor.sees([ada.username, ben.username]);
    expect(ada.notes.gateways).to.deep.equal(['gateway-1']);
    expect(ben.notes.gateways).to.deep.equal(['gateway-2']);
  });

  it('see that the other is typing, until the message arrives', async () => {
    const typing = ben.page.getByRole('status', { name: 'Typing' });
    await ada.composer.pressSequentially('Good mor');
    await typing.filter({ hasText: `${ada.username} is typing…` }).waitFor();
    await ada.composer.pressSequentially('ning');
    await ada.page.keyboard.press('Enter');
    await ben.message('Good morning').waitFor();
    await typing.filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
  });

  it("read each other's messages in one order, and see that they are stored", async () => {
    for (const [visitor, text] of [
      [ben, 'Good morning, Ada'],
      [ada, 'Does it weave?'],
      [ben, 'Algebraical patterns only'],
    ] as const) {
      await visitor.say(text);
      for (const reader of [ada, ben]) await reader.message(text).waitFor();
      await visitor.delivered(text, 'Sent');
    }
    const said = ['Good morning', 'Good morning, Ada', 'Does it weave?', 'Algebraical patterns only'];
    for (const reader of [ada, ben]) expect(await reader.said()).to.deep.equal(said);
    const first = ben.log.getByRole('article').first();
    expect(await first.getAttribute('aria-label')).to.match(
      new RegExp(`^\u2068${ada.username}\u2069, \\d\\d:\\d\\d$`),
    );
    // Other users' messages have no state.
    expect(await first.getByRole('img').count()).to.equal(0);
  });

  it('are told while they write that a message becomes too long, and keep it', async () => {
    const text = 'x'.repeat(16_100);
    const count = (pattern: RegExp) => ada.page.getByRole('status').filter({ hasText: pattern });
    await ada.composer.fill(text);
    await count(/^1\d\d$/).waitFor();
    const long = `${text}${'y'.repeat(200)}`;
    await ada.composer.fill(long);
    await count(/^\d+ too many$/).waitFor();
    await ada.page.keyboard.press('Enter');
    expect(await ada.composer.inputValue()).to.equal(long);
    expect(await ada.page.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled')).to.equal(
      'true',
    );
    await ada.composer.fill('');
    await count(/too many/).waitFor({ state: 'detached' });
  });

  it('send concurrently, and see one order', async () => {
    const texts = Array.from({ length: 10 }, (_, index) => `at once ${index}`);
    await Promise.all(
      [ada, ben].map(async (visitor) => {
        for (const text of texts) await visitor.say(`${visitor === ada ? 'A' : 'B'} ${text}`);
      }),
    );
    await eventually(async () => {
      const [mine, yours] = await Promise.all([ada.said(), ben.said()]);
      expect(mine).to.have.length(4 + 20);
      expect(mine).to.deep.equal(yours);
    });
    for (const text of texts) await ben.delivered(`B ${text}`, 'Sent');
  });

  it('see the other leave', async () => {
    await ada.signOut();
    await ben.sees([ben.username]);
  });

  it('had no error on their pages', () => {
    for (const { notes } of [ada, ben]) {
      expect(notes.errors).to.deep.equal([]);
      expect(notes.dialogs).to.deep.equal([]);
    }
  });
});
