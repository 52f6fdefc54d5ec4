import { expect } from 'chai';
import { operate } from '../support/clients/operator.js';
import { createPerson, type Person, signIn } from '../support/clients/people.js';
import { PageNotes } from './support/page-notes.js';
import { type Stage, sharedStage } from './support/stage.js';

describe('the page of a reset link', function () {
  this.timeout(60_000);
  let stage: Stage;
  let ada: Person;

  before(async () => {
    stage = await sharedStage();
    ada = await createPerson(stage.cluster.url, 'ada');
  });
  after(() => stage?.leave());

  it('asks for a new password until one is accepted, and keeps the token out of the address', async () => {
    const { cluster, browser } = stage;
    const { body } = await operate(cluster, `POST /users/${ada.id}/reset-link`);
    const page = await browser.newPage();
    try {
      const notes = new PageNotes(page);
      await page.goto(`${cluster.url}${body.path}`);
      expect(page.url()).to.equal(`${cluster.url}/api/reset-password`);
      const result = page.getByRole('status');
      const choose = async (password: string): Promise<void> => {
        await page.getByLabel('New password').fill(password);
        await page.getByRole('button', { name: 'Change the password' }).click();
      };
      await choose('password');
      await result.filter({ hasText: 'the password is one of the 10,000 most common' }).waitFor();
      await choose('close sesame');
      await result.filter({ hasText: 'The password is changed.' }).waitFor();
      expect(await page.getByRole('button').count()).to.equal(0);
      expect((await signIn(cluster.url, { ...ada, password: 'close sesame' })).id).to.equal(ada.id);
      expect(notes.errors.filter((text) => !text.includes('400'))).to.deep.equal([]);
      await page.goto(`${cluster.url}/api/reset-password`);
      await result.filter({ hasText: 'The link is not complete' }).waitFor();
      expect(await page.getByRole('textbox').count()).to.equal(0);
    } finally {
      await page.close();
    }
  });
});
