import { randomUUID } from 'node:crypto';
import type { Position } from '@chorus/protocol';
import { connectV1, eventually, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { createRoom, request, signIn } from '../support/clients/people.js';
import { fillRoom } from './support/fill-room.js';
import { checkEveryLook, DESKTOP, PHONE } from './support/looks.js';
import { type Stage, sharedStage } from './support/stage.js';
import type { Visitor } from './support/visitor.js';

const TALK: ReadonlyArray<readonly [name: string, text: string]> = [
  ['Ben Okafor', 'The new gateways are up in both zones. 12,000 sockets moved over and nobody noticed.'],
  ['Chiara Rossi', 'I did! My status said “Reconnecting…” for about as long as it takes to read it.'],
  ['Chiara Rossi', 'Nothing was missing, though. I counted.'],
  ['Dmitri Volkov', 'Same here. The order is the same on my phone and on the laptop.'],
  ['me', 'Wonderful. Notes are at https://example.com/notes/rollout if anybody wants to add something.'],
  ['Ben Okafor', 'Adding the graphs now. Then I kill one on purpose, so don’t be surprised.'],
  ['Dmitri Volkov', 'Half past four?'],
  ['Chiara Rossi', 'Make it five. I want to be on the train and see what happens in the tunnel.'],
];

describe('the looks of the page', function () {
  this.timeout(60_000);

  let stage: Stage;
  let ada: Visitor;

  before(async () => {
    stage = await sharedStage();
    ada = await stage.visitor('ada', { username: 'Ada Lovelace', signUp: false });
  });
  after(async () => {
    for (const socket of guests?.values() ?? []) await socket.close();
    await stage?.leave();
  });

  const inEveryLook = (name: string, prepare?: () => Promise<void>): Promise<void> =>
    checkEveryLook(ada.page, name, prepare);

  it('are good on the forms for signing in and up', async () => {
    const { page } = ada;
    await page.getByRole('button', { name: 'Sign in' }).click();
    await inEveryLook('sign-in');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    await inEveryLook('sign-up');
    await page.getByRole('button', { name: 'I have an account' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill('nobody@example.com');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await inEveryLook('sign-in-refused');
  });

  it('are good in the list of rooms, and in a room', async () => {
    const { page } = ada;
    await ada.signUp();
    await makeConversation();
    await page.getByRole('button', { name: 'Refresh rooms' }).click();
    await ada.openRoom('design');
    await says('Ben Okafor', design, ['Which blue?', 'This one, or that one?']);
    await ada.message('This one, or that one?').waitFor();
    await page.goto(`${ada.line.url}/#/`);
    await page.getByText('Choose a room').waitFor({ state: 'attached' });
    await inEveryLook('rooms');
    await ada.openRoom('rollout');
    await ada.say('Five it is.');
    await ada.delivered('Five it is.', 'Sent');
    await ada.sees(['Ada Lovelace', ...guests.keys()]);
    await says('Chiara Rossi', design, ['Neither', 'Have a look']);
    await page.getByRole('link', { name: 'design 2 unread' }).waitFor();
    await page.mouse.move(600, 5);
    const typing = page
      .getByRole('status', { name: 'Typing' })
      .filter({ hasText: 'Dmitri Volkov is typing…' });
    const people = page.getByRole('button', { name: /^People/ });
    await inEveryLook('room', async () => {
      const isWide = (page.viewportSize()?.width ?? 0) > PHONE.width;
      if ((await people.getAttribute('aria-expanded')) !== String(isWide)) await people.click();
      guests.get('Dmitri Volkov')?.send({ type: 'typing', roomId: rollout });
      await typing.waitFor();
      await ada.message('Five it is.').waitFor();
    });
  });

  it('are good with changed messages, and in the menu of one', async () => {
    const { page } = ada;
    const me = ada.username;
    const socket = guests.get('Ben Okafor');
    const first = await sent(
      'Ben Okafor',
      rollout,
      `@${me} which of **these**?\n- _one_\n- two\n> or \`three\``,
      {
        mentions: [meId],
      },
    );
    const code =
      '```\nexport const limit = Math.min(most, Math.max(least, wanted)); // a long line of code\n```';
    await sent('Chiara Rossi', rollout, `Three, see [the notes](https://example.com/notes):\n${code}`, {
      replyTo: first,
    });
    const gone = await sent('Ben Okafor', rollout, 'never mind');
    socket?.send({ type: 'delete', roomId: rollout, clientMsgId: randomUUID(), target: gone });
    for (const [name, reaction] of [
      ['Chiara Rossi', '👍'],
      ['Dmitri Volkov', '👍'],
      ['Dmitri Volkov', '🎉'],
    ] as const) {
      guests
        .get(name)
        ?.send({ type: 'react', roomId: rollout, clientMsgId: randomUUID(), target: first, reaction });
    }
    await sent('Ben Okafor', rollout, 'Or four, @Dmitri Volkov?', {
      mentions: [guestIds.get('Dmitri Volkov')],
    });
    await ada.log.locator('.mention').getByText('@Dmitri Volkov', { exact: true }).waitFor();
    await ada.say('All right, *three*.');
    await ada.log.getByRole('button', { name: '🎉 1' }).waitFor();
    await ada.log.getByRole('button', { name: '👍 2' }).click();
    await ada.log.getByRole('button', { name: '👍 3' }).waitFor();
    await ada.message('This message was deleted.').waitFor();
    const people = page.getByRole('button', { name: /^People/ });
    await inEveryLook('messages', async () => {
      if ((await people.getAttribute('aria-expanded')) === 'true') await people.click();
    });
    const answer = ada.log.getByRole('article').filter({ hasText: 'see the notes' });
    await answer.getByRole('button', { name: 'Message menu' }).click();
    await page.getByRole('group', { name: 'Message menu' }).getByRole('button', { name: 'Reply' }).click();
    await ada.composer.fill('and @chi');
    await page.getByRole('option', { name: 'Chiara Rossi' }).waitFor();
    await inEveryLook('mention', () => ada.composer.focus());
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await ada.composer.fill('');
    await inEveryLook('message-menu', async () => {
      const menu = page.getByRole('group', { name: 'Message menu' });
      if (await menu.isVisible()) await page.keyboard.press('Escape');
      await answer.getByRole('button', { name: 'Message menu' }).click();
      await menu.waitFor();
    });
    await page.keyboard.press('Escape');
  });

  it('are good with the members of a room on a phone, and with its menu', async () => {
    const { page } = ada;
    const people = page.getByRole('button', { name: /^People/ });
    const menu = page.getByRole('button', { name: 'Room menu' });
    /** The page may be about to close it, because the size of the window has changed. */
    const open = (button: Locator, opened: Locator): Promise<void> =>
      eventually(async () => {
        if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
        expect(await opened.isVisible()).to.equal(true);
      });
    await inEveryLook('people', () => open(people, page.getByRole('complementary', { name: 'People' })));
    await people.click();
    await inEveryLook('menu', () => open(menu, page.getByRole('button', { name: 'Leave room' })));
    await page.keyboard.press('Escape');
  });

  it('are good in dialogs', async () => {
    const { page } = ada;
    const answer = ada.log.getByRole('article').filter({ hasText: 'see the notes' });
    await answer.getByRole('button', { name: 'Message menu' }).click();
    await page.getByRole('button', { name: 'Report' }).click();
    const report = page.getByRole('dialog', { name: 'Report message' });
    await report.getByRole('textbox', { name: 'Reason' }).fill('The line is too long.');
    await report.getByRole('button', { name: 'Report' }).click();
    await report.waitFor({ state: 'detached' });
    for (const [button, name] of [
      ['Rename room', 'rename'],
      ['Room settings', 'settings'],
      ['Reports', 'reports'],
      ['Delete room', 'delete'],
    ] as const) {
      await page.getByRole('button', { name: 'Room menu' }).click();
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('dialog', { name: button }).waitFor();
      await inEveryLook(name);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'New room' }).click();
    await page.getByRole('dialog', { name: 'New room' }).waitFor();
    await inEveryLook('new-room');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New message' }).click();
    const message = page.getByRole('dialog', { name: 'New message' });
    await message.getByRole('textbox', { name: 'Find people' }).fill('Chiara');
    await message.getByRole('button', { name: 'Chiara Rossi' }).click();
    await message.getByRole('textbox', { name: 'Find people' }).fill('Ben');
    await message.getByRole('button', { name: 'Ben Okafor' }).waitFor();
    await inEveryLook('new-message');
    await page.keyboard.press('Escape');
    const people = page.getByRole('button', { name: /^People/ });
    if ((await people.getAttribute('aria-expanded')) !== 'true') await people.click();
    await page.getByRole('button', { name: 'Invite by link' }).click();
    await inEveryLook('invite');
    await page.getByRole('button', { name: 'Create link' }).click();
    await page.getByRole('textbox', { name: 'Link' }).waitFor();
    await inEveryLook('invite-link');
    await page.keyboard.press('Escape');
  });

  it('are good without a connection, with waiting messages', async () => {
    ada.line.cut();
    // Shown over the whole page, once it has lasted a moment.
    await eventually(async () => {
      const box = await ada.connection.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0) / 2).to.be.greaterThan(DESKTOP.width / 3);
    });
    await ada.say('Can anybody hear me?');
    await ada.delivered('Can anybody hear me?', 'Waiting');
    await inEveryLook('reconnecting');
    ada.line.mend();
  });

  let meId: number;
  let rollout: number;
  let design: number;
  /** Sockets of other users, by name, in all rooms. */
  let guests: Map<string, V1Socket>;
  const guestIds = new Map<string, number>();

  /** Several users, several rooms, and messages in one of them. */
  async function makeConversation(): Promise<void> {
    const { url } = stage.cluster;
    const me = await signIn(url, ada);
    meId = me.id;
    rollout = await createRoom(url, me, 'rollout');
    design = await createRoom(url, me, 'design');
    for (const name of ['gardening', 'on call', 'random', 'release 2.0']) await createRoom(url, me, name);
    guests = new Map();
    for (const username of ['Ben Okafor', 'Chiara Rossi', 'Dmitri Volkov']) {
      const account = { username, email: `${randomUUID()}@example.com`, password: 'a password' };
      await request(`${url}/api/users/signup`, { body: account });
      const person = await signIn(url, account);
      guestIds.set(username, person.id);
      const socket = await connectV1(url, person.token);
      for (const room of [rollout, design]) await socket.join(room);
      guests.set(username, socket);
    }
    for (const [name, text] of TALK) {
      if (name === 'me') await fillRoom(url, me, rollout, [text]);
      else await says(name, rollout, [text]);
    }
  }

  /** Sends a message of a guest, and returns its position. */
  async function sent(name: string, roomId: number, content: string, about: object = {}): Promise<Position> {
    const socket = guests.get(name);
    if (socket === undefined) throw new Error(`${name} is not here`);
    const clientMsgId = randomUUID();
    socket.send({ type: 'publish', roomId, clientMsgId, content, ...about });
    const { epoch, seq } = await socket.of('ack');
    return { epoch, seq };
  }

  async function says(name: string, roomId: number, texts: readonly string[]): Promise<void> {
    const socket = guests.get(name);
    for (const content of texts) {
      socket?.send({ type: 'publish', roomId, clientMsgId: randomUUID(), content });
      await socket?.of('ack');
    }
  }
});
