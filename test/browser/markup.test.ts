import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { createRoom, signIn } from '../support/clients/people.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

/** Each would show itself on the page if it ever ran. */
const ATTEMPTS = [
  '<img src=x onerror="globalThis.hacked = 1">',
  '<script>globalThis.hacked = 2</script>',
  '<svg onload="globalThis.hacked = 3">',
  '"><iframe srcdoc="<script>parent.hacked = 4</script>"></iframe>',
  '<a href="javascript:globalThis.hacked = 5">a link</a>',
  'javascript:globalThis.hacked=6',
  '[a link](javascript:globalThis.hacked=7)',
  'data:text/html,<script>globalThis.hacked=8</script>',
  '<style>* { display: none !important }</style>',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it must stay unchanged
  '${globalThis.hacked = 9} {{constructor.constructor("globalThis.hacked = 10")()}}',
  '&lt;b&gt; &amp; &#60;b&#62;',
];
const [IMAGE = '', SCRIPT = ''] = ATTEMPTS;

describe('markup in names and messages', function () {
  this.timeout(60_000);

  let stage: Stage;
  let mallory: Visitor;
  let ben: Visitor;
  let room: string;

  before(async () => {
    stage = await sharedStage();
    [mallory, ben] = await Promise.all([stage.visitor('mallory', { username: IMAGE }), stage.visitor('ben')]);
    room = `${SCRIPT} ${ben.username}`;
    await mallory.createRoom(room);
    await ben.openRoom(room);
  });
  after(() => stage?.leave());

  it('stays text in messages', async () => {
    for (const attempt of ATTEMPTS) {
      await mallory.say(attempt);
      await ben.message(attempt).waitFor();
    }
    for (const visitor of [mallory, ben]) expect(await visitor.said()).to.deep.equal(ATTEMPTS);
    const inside = ben.log.locator('article :is(script, style, iframe, img, svg[onload], a)');
    expect(await inside.count()).to.equal(0);
  });

  it('stays text in the names of users and rooms, wherever they are shown', async () => {
    await ben.sees([IMAGE, ben.username]);
    const first = ben.log.getByRole('article').first();
    expect(await first.getAttribute('aria-label')).to.contain(`\u2068${IMAGE}\u2069, `);
    await mallory.composer.pressSequentially('typing for a while', { delay: 80 });
    const typing = ben.page.getByRole('status', { name: 'Typing' });
    await typing.filter({ hasText: `${IMAGE} is typing…` }).waitFor();
    await ben.roomLink(room).waitFor();
    expect(await ben.page.title()).to.contain(room);
    const { page } = mallory;
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('button', { name: 'Delete room' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete room' });
    await dialog.getByText(room).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await ben.page.getByRole('searchbox', { name: 'Find a room' }).fill(IMAGE);
    await ben.page.getByText('No rooms match.').waitFor();
  });

  it('stays text when a room is opened by its address, and in its history', async () => {
    const { email, username, password } = mallory;
    const url = stage.cluster.url;
    const id = await createRoom(url, await signIn(url, { username, email, password }), IMAGE);
    await mallory.goToRoom(id);
    await mallory.inRoom(IMAGE);
    await mallory.openRoom(room);
    await mallory.page.reload();
    await mallory.message(SCRIPT).waitFor();
    expect(await mallory.said()).to.deep.equal(ATTEMPTS);
  });

  it('becomes a link only if it is a web address, and the link sends no referrer', async () => {
    await mallory.say('see https://example.com/a?b=1&c="><script> and http://example.org.');
    const links = ben.log.getByRole('link');
    await links.first().waitFor();
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).to.deep.equal([
      'https://example.com/a?b=1&c=',
      'http://example.org/',
    ]);
    for (const link of await links.all()) {
      expect(await link.getAttribute('rel'))
        .to.include('noopener')
        .and.to.include('noreferrer');
    }
  });

  it('never ran, and the policy of the page blocked nothing', async () => {
    for (const { page, notes } of [mallory, ben]) {
      expect(await page.evaluate(() => Reflect.get(globalThis, 'hacked'))).to.equal(undefined);
      expect(notes.dialogs).to.deep.equal([]);
      expect(notes.errors).to.deep.equal([]);
    }
  });

  it('would not run even as markup: the policy blocks it', async () => {
    const refused = await ben.page.evaluate(() => {
      const script = document.createElement('script');
      const image = document.createElement('img');
      const link = document.createElement('a');
      const attempts: Array<() => void> = [
        () => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="globalThis.hacked = 11">'),
        () => {
          script.textContent = 'globalThis.hacked = 12';
        },
        () => document.body.append(script),
        () => image.setAttribute('onerror', 'globalThis.hacked = 13'),
        () => image.setAttribute('src', 'x'),
        () => link.setAttribute('href', 'javascript:globalThis.hacked = 14'),
        () => link.click(),
        () => void setTimeout('globalThis.hacked = 15'),
      ];
      return attempts.filter((attempt) => {
        try {
          attempt();
          return false;
        } catch {
          return true;
        }
      }).length;
    });
    expect(refused).to.be.greaterThan(0);
    await eventually(() => expect(ben.notes.errors.join('\n')).to.contain('javascript:'));
    expect(await ben.page.evaluate(() => Reflect.get(globalThis, 'hacked'))).to.equal(undefined);
    expect(ben.notes.errors.join('\n')).to.match(/Content Security Policy/);
  });
});
