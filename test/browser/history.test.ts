import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Person } from '../support/clients/people.js';
import { filledRoom, fillRoom } from './support/fill-room.js';
import { scrollUpTo } from './support/scroll-figures.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

const MESSAGES = 1_000;
const TEXTS = Array.from(
  { length: MESSAGES },
  (_, index) => `line ${index + 1}${' and so on'.repeat(index % 37 === 0 ? 40 : index % 5)}`,
);
const [FIRST = ''] = TEXTS;
const LAST = TEXTS.at(-1) ?? '';

describe('a room with a long history', function () {
  this.timeout(60_000);

  let stage: Stage;
  let teller: Person;
  let room: number;
  let ada: Visitor;

  before(async () => {
    stage = await sharedStage();
    const { url } = stage.cluster;
    const [filled, visitor] = await Promise.all([filledRoom(url, TEXTS), stage.visitor('ada')]);
    ({ id: room, teller } = filled);
    ada = visitor;
    await ada.goToRoom(room);
  });
  after(() => stage?.leave());

  /** Distance from the end of the log, in pixels. */
  const belowMe = (): Promise<number> =>
    ada.log.evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight);
  const shown = (): Promise<number> => ada.log.getByRole('article').count();
  /** The first message that is completely visible, and its place. */
  const reading = (): Promise<{ text: string; top: number }> =>
    ada.log.evaluate((log) => {
      const { top } = log.getBoundingClientRect();
      for (const article of log.querySelectorAll('article')) {
        const at = article.getBoundingClientRect().top - top;
        if (at >= 0) return { text: article.querySelector('p')?.textContent ?? '', top: at };
      }
      return { text: '', top: 0 };
    });

  /** Browsers round scroll positions. */
  const isStillAt = async ({ text, top }: { text: string; top: number }): Promise<void> => {
    await ada.message(text).waitFor();
    const [message, log] = await Promise.all([ada.message(text).boundingBox(), ada.log.boundingBox()]);
    expect((message?.y ?? 0) - (log?.y ?? 0), text).to.be.closeTo(top, 2);
  };

  it('opens at the newest message', async () => {
    await ada.message(LAST).waitFor();
    await eventually(async () => expect(await belowMe()).to.be.within(0, 1));
    expect(await shown(), 'not all of it is there').to.be.lessThan(MESSAGES / 4);
  });

  it('continues upwards, and the visible part does not move', async () => {
    for (let step = 0; step < 4; step++) {
      const before = await shown();
      // To where older messages are fetched, but not to the very top.
      await ada.log.evaluate((log) => {
        log.scrollTop = Math.min(log.scrollTop - 1, 200);
      });
      const read = await reading();
      await eventually(async () => expect(await shown()).to.be.greaterThan(before));
      await isStillAt(read);
    }
  });

  it('does not move for new messages while it is scrolled up, and shows their number', async () => {
    const read = await reading();
    await fillRoom(stage.cluster.url, teller, room, ['news', 'more news']);
    const toEnd = ada.page.getByRole('button', { name: '2 new messages' });
    await toEnd.waitFor();
    await isStillAt(read);
    await toEnd.click();
    await ada.message('more news').waitFor();
    await eventually(async () => expect(await belowMe()).to.be.within(0, 1));
    await toEnd.waitFor({ state: 'hidden' });
  });

  it('scrolls to the very first message, smoothly, and omits none', async () => {
    // As for a user who has just arrived.
    await ada.page.reload();
    await ada.message('more news').waitFor();
    await scrollUpTo(ada.page, ada.log, ada.page.getByText('This is where it begins.'));
    expect(await ada.said()).to.deep.equal([...TEXTS, 'news', 'more news']);
    await ada.message(FIRST).waitFor();
    expect((await reading()).text).to.equal(FIRST);
  });

  it('returns to the newest message at once', async () => {
    await ada.page.getByRole('button', { name: 'Newest messages' }).click();
    await ada.message('more news').waitFor();
    await eventually(async () => expect(await belowMe()).to.be.within(0, 1));
    await ada.say('I have read it all');
    await ada.delivered('I have read it all', 'Sent');
    await eventually(async () => expect(await belowMe()).to.be.within(0, 1));
    expect(ada.notes.errors).to.deep.equal([]);
  });

  it("shows the user's own message, wherever it is scrolled to", async () => {
    await ada.log.evaluate((log) => log.scrollTo(0, 0));
    await ada.page.getByRole('button', { name: /^Newest messages|new messages?$/ }).waitFor();
    await ada.say('said from further up');
    await ada.message('said from further up').waitFor();
    await eventually(async () => {
      const below = await ada.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
      expect(below).to.be.below(48);
    });
  });
});
