import type { Member } from '@chorus/cluster';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';
import { watchText } from './support/watch-text.js';

describe('during a conversation', function () {
  this.timeout(60_000);

  let stage: Stage;
  let first: Member;
  let second: Member;
  let ada: Visitor;
  let ben: Visitor;
  let said: string[];

  before(async () => {
    stage = await sharedStage();
    [first, second] = stage.cluster.gateways as [Member, Member];
    [ada, ben] = await Promise.all([
      stage.visitor('ada', { gateways: [first] }),
      stage.visitor('ben', { gateways: [second] }),
    ]);
    const room = `mid-conversation ${ada.username}`;
    await ada.createRoom(room);
    await ben.openRoom(room);
    await ben.sees([ada.username, ben.username]);
    said = [];
  });
  after(async () => {
    await stage?.leave();
    if (first?.running === false) await first.start();
  });

  const say = async (visitor: Visitor, text: string): Promise<void> => {
    said.push(text);
    await visitor.say(text);
  };
  /** Both pages have all messages, each once, in one order. */
  const bothHaveAll = () =>
    eventually(async () => {
      const [mine, yours] = await Promise.all([ada.said(), ben.said()]);
      expect([...mine].sort()).to.deep.equal([...said].sort());
      expect(mine).to.deep.equal(yours);
    });

  it('a gateway is killed, and both pages show at most a short "Reconnecting…"', async () => {
    const [adas, bens] = await Promise.all([watchText(ada.connection), watchText(ben.connection)]);
    for (let index = 0; index < 20; index++) {
      if (index === 6) {
        ada.line.leadTo([second]);
        first.kill('SIGKILL');
      }
      await say(index % 2 === 0 ? ada : ben, `message ${index}`);
    }
    await bothHaveAll();
    await ada.connected();
    expect(ada.notes.gateways).to.deep.equal(['gateway-1', 'gateway-2']);
    expect(ben.notes.gateways).to.deep.equal(['gateway-2']);
    for (const text of said.filter((_, index) => index % 2 === 0)) await ada.delivered(text, 'Sent');

    const [hers, his] = [await adas(), await bens()];
    // The first attempt comes within half a second, and a second one may be needed.
    for (const text of hers) expect(text).to.match(/^(Connected|Reconnecting…( in [1-3] s)?)$/);
    expect(hers.length, 'she was told').to.be.greaterThan(1);
    expect(his).to.deep.equal(['Connected']);
    for (const { page } of [ada, ben]) expect(await page.getByRole('alert').count()).to.equal(0);
    for (const visitor of [ada, ben]) await visitor.sees([ada.username, ben.username]);
    const order = (await ada.said()).map((text) => Number(text.split(' ')[1]));
    for (const parity of [0, 1]) {
      const own = order.filter((index) => index % 2 === parity);
      expect(own, 'in the order of who wrote them').to.deep.equal([...own].sort((a, b) => a - b));
    }
  });

  it('the network fails: messages written meanwhile wait, and are sent once when it is back', async () => {
    await ben.context.setOffline(true);
    ben.line.cut();
    await ben.connection.filter({ hasText: /^Offline$/ }).waitFor();
    await ben.page.getByRole('button', { name: 'Reconnect now' }).waitFor();
    for (const text of ['on the train', 'in a tunnel']) await say(ben, text);
    for (const text of ['where are you?', 'hello?']) await say(ada, text);
    for (const text of ['on the train', 'in a tunnel']) await ben.delivered(text, 'Waiting');
    expect(await ben.log.getByText(/^Seen by/).count(), 'by whom the message before was seen').to.equal(0);
    await ada.message('hello?').waitFor();
    expect(await ben.message('hello?').count()).to.equal(0);
    expect(await ada.message('on the train').count()).to.equal(0);

    ben.line.mend();
    await ben.context.setOffline(false);
    await ben.connected();
    await bothHaveAll();
    for (const text of ['on the train', 'in a tunnel']) await ben.delivered(text, 'Sent');
    expect((await ada.said()).slice(-4)).to.deep.equal([
      ...['where are you?', 'hello?'],
      ...['on the train', 'in a tunnel'],
    ]);
  });

  it('the network fails while a message is in flight, which is delivered once nevertheless', async () => {
    for (let round = 0; round < 2; round++) {
      await say(ben, `interrupted ${round}`);
      ben.line.cut();
      ben.line.mend();
      await ada.message(`interrupted ${round}`).waitFor();
    }
    await bothHaveAll();
    for (const text of said.slice(-2)) await ben.delivered(text, 'Sent');
  });

  it('the user can end a long wait', async () => {
    ben.line.cut();
    const again = ben.page.getByRole('button', { name: 'Reconnect now' });
    // After some failures the waits are long enough to be ended.
    await ben.connection.filter({ hasText: /in ([3-9]|1\d) s$/ }).waitFor({ timeout: patiently(30_000) });
    ben.line.mend();
    const connection = await watchText(ben.connection);
    await again.click();
    await ben.connected();
    // No further wait was counted down.
    const [, ...later] = await connection();
    expect(later.filter((text) => / in \d+ s$/.test(text))).to.deep.equal([]);
  });
});
