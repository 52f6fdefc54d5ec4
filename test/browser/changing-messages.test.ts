import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { filledRoom } from './support/fill-room.js';
import { focusOn, hasFocus, tabTo } from './support/focus.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

describe('messages that change, on two pages', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;
  let ben: Visitor;

  before(async () => {
    stage = await sharedStage();
    [ada, ben] = await Promise.all([stage.visitor('ada'), stage.visitor('ben')]);
    const room = `changes ${ada.username}`;
    await ada.createRoom(room);
    await ben.openRoom(room);
  });
  after(() => stage?.leave());

  const menuOf = async (visitor: Visitor, text: string): Promise<Locator> => {
    await visitor.message(text).getByRole('button', { name: 'Message menu' }).click();
    return visitor.page.getByRole('group', { name: 'Message menu' });
  };
  const choose = async (visitor: Visitor, text: string, item: string): Promise<void> => {
    await (await menuOf(visitor, text)).getByRole('button', { name: item, exact: true }).click();
  };

  it('are edited where they were sent and read', async () => {
    await ada.say('the first tetx');
    await ben.message('the first tetx').waitFor();
    await choose(ada, 'the first tetx', 'Edit');
    expect(await ada.composer.inputValue()).to.equal('the first tetx');
    await ada.say('the first text');
    for (const visitor of [ada, ben]) {
      await visitor.message('the first text').getByText('edited', { exact: true }).waitFor();
      expect(await visitor.said()).to.deep.equal(['the first text']);
    }
    expect(await ada.composer.inputValue()).to.equal('');
  });

  it('are edited with the arrow key, and left alone with Escape, without the loss of a draft', async () => {
    await ada.page.keyboard.press('ArrowUp');
    expect(await ada.composer.inputValue()).to.equal('the first text');
    await ada.page.keyboard.press('End');
    await ada.page.keyboard.type('!');
    await ada.page.keyboard.press('Enter');
    await ben.message('the first text!').waitFor();
    await ada.composer.fill('a draft');
    await choose(ada, 'the first text!', 'Edit');
    await ada.composer.fill('never sent');
    await ada.page.keyboard.press('Escape');
    expect(await ada.composer.inputValue()).to.equal('a draft');
    await ada.composer.fill('');
    expect(await ben.said()).to.deep.equal(['the first text!']);
  });

  it('offer others no edit and no deletion', async () => {
    const menu = await menuOf(ben, 'the first text!');
    await menu.getByRole('button', { name: 'Reply' }).waitFor();
    expect(await menu.getByRole('button', { name: /^(Edit|Delete)$/ }).count()).to.equal(0);
    await ben.page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
  });

  it('get reactions, which are counted and taken back', async () => {
    const chip = (visitor: Visitor, count: number): Locator =>
      visitor.message('the first text!').getByRole('button', { name: `👍 ${count}`, exact: true });
    await choose(ben, 'the first text!', 'thumbs up');
    await chip(ada, 1).waitFor();
    expect(await chip(ada, 1).getAttribute('aria-pressed')).to.equal('false');
    await chip(ada, 1).click();
    for (const visitor of [ada, ben]) {
      await chip(visitor, 2).waitFor();
      expect(await chip(visitor, 2).getAttribute('aria-pressed')).to.equal('true');
    }
    // Also those of the history are counted.
    await ben.page.reload();
    await chip(ben, 2).click();
    await chip(ada, 1).waitFor();
    await chip(ada, 1).click();
    await chip(ada, 1).waitFor({ state: 'detached' });
  });

  it('are answered, and the answer leads to the original', async () => {
    await choose(ben, 'the first text!', 'Reply');
    await ben.page
      .getByRole('status', { name: 'Writing' })
      .filter({ hasText: `Reply to ${ada.username}` })
      .waitFor();
    expect(await hasFocus(ben.composer)).to.equal(true);
    await ben.say('an answer');
    const quote = ada.message('an answer').getByRole('button', { name: /^Reply to/ });
    await quote.getByText('the first text!').waitFor();
    await quote.click();
    await eventually(async () => {
      const article = ada.log.locator('article:focus');
      expect(await article.textContent()).to.contain('the first text!');
    });
    expect(await ben.page.getByRole('status', { name: 'Writing' }).count()).to.equal(0);
  });

  it('are deleted after a question, and leave a tombstone', async () => {
    await ada.say('a secret');
    await ben.message('a secret').waitFor();
    await choose(ada, 'a secret', 'Delete');
    const dialog = ada.page.getByRole('dialog', { name: 'Delete message' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await ben.message('a secret').count()).to.equal(1);
    await choose(ada, 'a secret', 'Delete');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    for (const visitor of [ada, ben]) {
      await visitor.message('This message was deleted.').waitFor();
      expect(await visitor.log.textContent()).to.not.contain('a secret');
    }
    await ben.page.reload();
    await ben.message('This message was deleted.').waitFor();
  });

  it('mention users: names are completed, and marked for those who are mentioned', async () => {
    const { page } = ada;
    await ada.composer.focus();
    await page.keyboard.type(`look, @${ben.username.slice(0, 5)}`);
    const option = page.getByRole('listbox', { name: 'Mention' }).getByRole('option', { name: ben.username });
    await option.waitFor();
    expect(await option.getAttribute('aria-selected')).to.equal('true');
    await page.keyboard.press('Enter');
    expect(await ada.composer.inputValue()).to.equal(`look, @${ben.username} `);
    await page.keyboard.type('here');
    await page.keyboard.press('Enter');
    const text = `look, @${ben.username} here`;
    const mine = ben.log.getByRole('article').filter({ hasText: text });
    await mine
      .locator('.mention.mine')
      .filter({ hasText: `@${ben.username}` })
      .waitFor();
    expect(await mine.getAttribute('class')).to.contain('for-me');
    const own = ada.log.getByRole('article').filter({ hasText: text });
    await own.locator('.mention').waitFor();
    expect(await own.getAttribute('class')).to.not.contain('for-me');
  });

  it('mention users whose names are written out, without a completion', async () => {
    const { page } = ada;
    const option = page.getByRole('option', { name: ben.username });
    const name = ben.username.toUpperCase();
    await ada.composer.focus();
    await page.keyboard.type(`@${name}`);
    await option.waitFor();
    await page.keyboard.press('Enter');
    expect(await ada.composer.inputValue()).to.equal('');
    await ben.log.getByRole('article').last().locator('.mention.mine').getByText(`@${name}`).waitFor();
    await page.keyboard.type(`@${name}`);
    await option.waitFor();
    await page.keyboard.press('Tab');
    expect(await ada.composer.inputValue()).to.equal(`@${ben.username} `);
    await ada.composer.fill('');
  });

  it('are formatted by a subset of Markdown, without markup of their own', async () => {
    await ada.composer.fill(
      '**bold** *italic* `code`\n> a quote\n\n- one\n- two\n\n```\n<b>block</b>\n```\n[a link](https://example.com/x)',
    );
    await ada.page.keyboard.press('Enter');
    const article = ben.log.getByRole('article').last();
    await article.locator('pre').waitFor();
    const found = await article
      .locator(':is(strong, em, p > code, blockquote, li, pre, a)')
      .evaluateAll((all) => all.map(({ tagName, textContent }) => `${tagName} ${textContent}`));
    expect(found).to.deep.equal([
      ...['STRONG bold', 'EM italic', 'CODE code', 'BLOCKQUOTE a quote', 'LI one', 'LI two'],
      ...['PRE <b>block</b>', 'A a link (example.com)'],
    ]);
    const link = article.getByRole('link');
    expect(await link.getAttribute('href')).to.equal('https://example.com/x');
    expect(await link.getAttribute('rel')).to.contain('noopener');
  });

  it('are reached and changed with the keyboard only', async () => {
    const { page } = ben;
    await ben.say('by keyboard');
    await ben.delivered('by keyboard', 'Sent');
    await tabTo(page, ben.log, 'Shift+Tab');
    await page.keyboard.press('Enter');
    expect((await focusOn(page)).name).to.contain(ben.username);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await hasFocus(page.getByRole('button', { name: 'thumbs up' }))).to.equal(true);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const chip = ben.message('by keyboard').getByRole('button', { name: '❤️ 1' });
    await chip.waitFor();
    expect((await focusOn(page)).name).to.contain('Message menu');
    await page.keyboard.press('ArrowRight');
    expect(await hasFocus(chip)).to.equal(true);
    await page.keyboard.press('Space');
    await chip.waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    expect(await hasFocus(ben.composer)).to.equal(true);
  });

  it('are found far up in the history when an answer leads there', async () => {
    const texts = Array.from({ length: 260 }, (_, index) => `line ${index + 1}`);
    const { id } = await filledRoom(stage.cluster.url, texts);
    await ada.goToRoom(id);
    await ada.message('line 260').waitFor();
    await ben.goToRoom(id);
    await ben.log.hover();
    while ((await ben.message('line 3').count()) === 0) await ben.page.mouse.wheel(0, -2_000);
    await ben.message('line 3').scrollIntoViewIfNeeded();
    await choose(ben, 'line 3', 'Reply');
    await ben.say('about the third');
    await ada
      .message('about the third')
      .getByRole('button', { name: /^Reply to/ })
      .click();
    await eventually(async () =>
      expect(await ada.log.locator('article:focus').textContent()).to.contain('line 3'),
    );
    const box = await ada.message('line 3').first().boundingBox();
    expect(box?.y).to.be.within(0, 700);
    await ada.page.getByRole('button', { name: 'Newest messages' }).click();
    await ada.message('about the third').waitFor();
  });

  it('had no error on their pages', () => {
    for (const { notes } of [ada, ben]) {
      expect(notes.errors).to.deep.equal([]);
      expect(notes.dialogs).to.deep.equal([]);
    }
  });
});
