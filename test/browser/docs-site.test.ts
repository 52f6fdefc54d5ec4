import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import { PageNotes } from './support/page-notes.js';
import { type Stage, sharedStage } from './support/stage.js';
import { allViolations } from './support/violations.js';

/** What readers look for, and a page that must be among what is found. */
const SEARCHES: ReadonlyArray<readonly [query: string, page: string]> = [
  ['CORS', 'how-to/other-origins.html'],
  ['webhook', 'reference/events.html'],
  ['React', 'reference/react.html'],
  ['Vite', 'tutorial/small-chat.html'],
  ['private room', 'how-to/private-rooms.html'],
  ['rate limit', 'reference/api.html'],
  ['JWKS', 'how-to/bring-your-own-users.html'],
  ['Sentinel', 'how-to/postgresql-and-redis.html'],
];

/** Pages of each kind; `docs-site.long.test.ts` looks at all. */
const PAGES = [
  'index.html',
  '404.html',
  'readme.html',
  'tutorial/react.html',
  'how-to/private-rooms.html',
  'explanation/performance.html',
  'reference/configuration.html',
];

describe('the documentation in a browser', function () {
  this.timeout(60_000);
  let stage: Stage;
  let context: BrowserContext;
  let page: Page;
  let notes: PageNotes;

  before(async () => {
    stage = await sharedStage();
    context = await stage.browser.newContext({ viewport: { width: 1400, height: 900 } });
    page = await context.newPage();
    notes = new PageNotes(page);
  });
  after(() => context?.close());

  const at = (path: string): string => `${stage.cluster.url}/docs/${path}`;
  const search = async (query: string): Promise<string[]> => {
    await page.getByRole('searchbox', { name: 'Search the documentation' }).fill(query);
    await page
      .getByRole('status')
      .filter({ hasText: /section|Nothing/ })
      .waitFor();
    return page
      .getByRole('list', { name: 'Found sections' })
      .getByRole('link')
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  };

  it('leads from the index to a page, and from there by the menu to any other', async () => {
    await page.goto(`${stage.cluster.url}/docs`);
    expect(page.url()).to.equal(at(''));
    await page.getByRole('main').getByRole('link', { name: 'Write a bot' }).click();
    await page.getByRole('heading', { level: 1, name: 'Write a bot' }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Documentation' });
    await menu.getByRole('link', { name: 'Metrics' }).click();
    await page.getByRole('heading', { level: 1, name: 'Metrics' }).waitFor();
    expect(page.url()).to.equal(at('reference/metrics.html'));
    expect(await menu.locator('[aria-current]').textContent()).to.equal('Metrics');
  });

  for (const [query, wanted] of SEARCHES) {
    it(`finds ${query}`, async () => {
      await page.goto(at('how-to/scale.html'));
      const found = (await search(query)).map((href) => href.split('#')[0]);
      expect(found).to.include(at(wanted));
    });
  }

  it('shows what it found with the keyboard alone, and says when there is nothing', async () => {
    await page.goto(at('index.html'));
    await page.keyboard.press('/');
    await page.keyboard.type('sentinel');
    const [first = ''] = await search('sentinel');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(first);
    expect(await search('zzxxqq')).to.deep.equal([]);
    await page.getByText('Nothing about “zzxxqq”').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Nothing about').waitFor({ state: 'hidden' });
  });

  it('has a page for unknown addresses, from which the menu works', async () => {
    const answer = await page.goto(at('how-to/nothing/here.html'));
    expect(answer?.status()).to.equal(404);
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Scale', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /Scale/ }).waitFor();
    // The browser reports the status itself.
    expect(notes.errors.splice(0).filter((error) => !error.includes('404'))).to.deep.equal([]);
  });

  it('fits on a phone, light and dark, where the menu follows the text', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const phone = await stage.browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme });
      const narrow = await phone.newPage();
      for (const path of ['index.html', 'explanation/performance.html', 'reference/configuration.html']) {
        await narrow.goto(at(path));
        const overflow = await narrow.evaluate(
          () => document.documentElement.scrollWidth - window.innerWidth,
        );
        expect(overflow, path).to.be.at.most(0);
      }
      await narrow.getByRole('searchbox').fill('Sentinel');
      await narrow.getByRole('list', { name: 'Found sections' }).getByRole('link').first().waitFor();
      expect(await allViolations(narrow)).to.deep.equal([]);
      await phone.close();
    }
  });

  it('has nothing that axe-core objects to, on a page of each kind', async () => {
    const found: string[] = [];
    for (const path of PAGES) {
      await page.goto(at(path));
      found.push(...(await allViolations(page)).map((violation) => `${path}: ${violation}`));
    }
    expect(found).to.deep.equal([]);
  });

  it('never ran into its policy, nor any other error', () => {
    expect(notes.errors).to.deep.equal([]);
  });
});
