import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../support/root.js';
import { sharedStage } from './support/stage.js';
import { allViolations } from './support/violations.js';

describe('every page of the documentation', function () {
  this.timeout(300_000);

  it('has nothing that axe-core objects to, light and dark', async () => {
    const { browser, cluster } = await sharedStage();
    const pages = readdirSync(join(root, 'apps/docs/dist'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.html'),
    );
    expect(pages.length).to.be.above(50);
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, colorScheme });
      const page = await context.newPage();
      for (const path of pages) {
        await page.goto(`${cluster.url}/docs/${path}`);
        const violations = await allViolations(page);
        found.push(...violations.map((violation) => `${path}, ${colorScheme}: ${violation}`));
      }
      await context.close();
    }
    expect(found).to.deep.equal([]);
  });
});
