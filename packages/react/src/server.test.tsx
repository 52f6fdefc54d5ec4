import { ChorusClient } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import {
  ChorusProvider,
  useChorus,
  useInbox,
  useMessages,
  usePresence,
  useRoom,
  useTyping,
} from './index.js';
import { RoomGateway } from './testing/room-gateway.js';
import { openTestPage, type TestPage } from './testing/test-page.js';

function Everything(): ReactElement {
  const { state, user } = useChorus();
  const { status } = useRoom(1);
  const { messages, loading } = useMessages(1);
  const { entries } = useInbox();
  const { typists } = useTyping(1);
  const counts = [entries.length, typists.length, usePresence(1).length];
  const texts = messages.map(({ content }) => content);
  return (
    <p>
      {state.status} {user?.username} {status} {String(loading)} {texts.join()} {counts.join()}
    </p>
  );
}

const app = (client: ChorusClient): ReactElement => (
  <ChorusProvider client={client}>
    <Everything />
  </ChorusProvider>
);

const textOf = (html: string): string => html.replaceAll(/<[^>]*>/g, '');

describe('the hooks on a server', function () {
  this.timeout(30_000);

  let page: TestPage | undefined;
  let gateway: RoomGateway | undefined;
  afterEach(async () => {
    await page?.close();
    await gateway?.stage.close();
    page = gateway = undefined;
  });

  it('connect to nothing and join nothing', () => {
    const client = new ChorusClient({ url: 'http://127.0.0.1:1' });
    expect(textOf(renderToString(app(client)))).to.equal('idle  joining true  0,0,0');
    expect(client.state).to.deep.equal({ status: 'idle' });
    expect(client.rooms.size).to.equal(0);
  });

  it('give what the page hydrates without a difference, and then continues', async () => {
    gateway = await RoomGateway.start();
    gateway.fill(1);
    const html = renderToString(app(new ChorusClient({ url: 'http://127.0.0.1:1' })));
    page = await openTestPage();
    const container = document.createElement('div');
    container.innerHTML = html;
    const errors: unknown[] = [];
    const client = gateway.stage.client();
    await eventually(() => expect(client.state.status).to.equal('connected'));
    const { hydrateRoot } = await import('react-dom/client');
    const root = hydrateRoot(container, app(client), { onRecoverableError: (error) => errors.push(error) });
    const first = container.textContent;
    await eventually(() =>
      expect(container.textContent).to.match(/^connected ann joined false message 1 0,0,1$/),
    );
    expect(first).to.equal(textOf(html));
    expect(errors).to.deep.equal([]);
    root.unmount();
  });
});
