import { ChorusClient } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { Profiler, type ReactElement, StrictMode } from 'react';
import { WebSocket } from 'ws';
import { ChorusProvider, useMessages, usePresence, useRoom, useTyping } from './index.js';
import { Chat, Texts } from './testing/components.js';
import { RoomGateway } from './testing/room-gateway.js';
import { openTestPage, providing, type TestPage } from './testing/test-page.js';

describe('the hooks of a room', function () {
  this.timeout(30_000);

  let page: TestPage;
  let gateway: RoomGateway;
  let client: ChorusClient;
  before(async () => {
    page = await openTestPage();
  });
  after(() => page.close());
  beforeEach(async () => {
    gateway = await RoomGateway.start();
    client = gateway.stage.client();
  });
  afterEach(async () => {
    page.tools.cleanup();
    await gateway.stage.close();
  });

  const render = (element: ReactElement) => page.tools.render(element, { wrapper: providing(client) });
  const renderHook = <Result,>(hook: () => Result) =>
    page.tools.renderHook(hook, { wrapper: providing(client) });
  const has = async (element: Element, text: string): Promise<void> => {
    await eventually(() => expect(element.textContent).to.equal(text));
  };

  it('join a room once in Strict Mode, read its history once, and show what arrives', async () => {
    gateway.fill(2);
    const { container } = render(
      <StrictMode>
        <Texts room={1} />
        <Texts room={1} />
      </StrictMode>,
    );
    const both = 'message 1, message 2'.repeat(2);
    await has(container, both);
    gateway.deliver(1);
    await has(container, 'message 1, message 2, message 3'.repeat(2));
    expect(gateway.sent('join')).to.have.length(1);
    expect(gateway.stage.history.asked).to.have.length(1);
    expect(gateway.sent('leave')).to.deep.equal([]);
  });

  it('leave a room after the last component that uses it, and join it again for the next one', async () => {
    const { container, rerender } = render(
      <>
        <Texts key="first" room={1} />
        <Texts key="second" room={1} />
      </>,
    );
    await eventually(() => expect(client.rooms.get(1)?.status).to.equal('joined'));
    rerender(<Texts key="second" room={1} />);
    // Longer than a room stays joined without a component.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    gateway.deliver(1);
    await has(container, 'message 1');
    expect(gateway.sent('leave')).to.deep.equal([]);
    rerender(null);
    await eventually(() => expect(gateway.sent('leave')).to.deep.equal([{ type: 'leave', roomId: 1 }]));
    expect(client.rooms.size).to.equal(0);
    rerender(<Texts room={1} />);
    gateway.stage.history.messagesOf.length = 0;
    await eventually(() => expect(gateway.sent('join')).to.have.length(2));
    await eventually(() => expect(client.rooms.get(1)?.status).to.equal('joined'));
    gateway.deliver(1);
    await has(container, 'message 2');
  });

  it('follow the id of the room', async () => {
    const { container, rerender } = render(<Texts room={2} />);
    await eventually(() => expect(client.rooms.get(2)?.status).to.equal('joined'));
    rerender(<Texts room={1} />);
    await eventually(() => expect(client.rooms.get(1)?.status).to.equal('joined'));
    gateway.deliver(1);
    await has(container, 'message 1');
    await eventually(() => expect(gateway.sent('leave')).to.deep.equal([{ type: 'leave', roomId: 2 }]));
  });

  it('do not leave a room that the application has joined itself', async () => {
    const room = client.join(1);
    const { unmount } = renderHook(() => useRoom(1));
    await eventually(() => expect(room.status).to.equal('joined'));
    unmount();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(room.status).to.equal('joined');
  });

  it('render a room of 1,000 messages with one commit for a burst', async () => {
    gateway.fill(1_000);
    let commits = 0;
    let rows = 0;
    const { container, getByRole } = render(
      <Profiler id="all" onRender={() => commits++}>
        <Chat room={1} onRender={() => rows++} />
      </Profiler>,
    );
    const items = (): number => container.querySelectorAll('li').length;
    await eventually(() => expect(items()).to.equal(50));
    while (items() < 1_000) {
      const before = items();
      page.tools.fireEvent.click(getByRole('button'));
      await eventually(() => expect(items()).to.be.above(before));
    }
    await eventually(() => expect(client.rooms.get(1)?.status).to.equal('joined'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const burst of [1, 40]) {
      [commits, rows] = [0, 0];
      const before = items();
      gateway.deliver(burst);
      await eventually(() => expect(items()).to.equal(before + burst));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect({ commits, rows }).to.deep.equal({ commits: 1, rows: burst });
    }
  });

  it('show a message as pending until it has arrived', async () => {
    const { result } = renderHook(() => ({ ...useRoom(1), ...useMessages(1) }));
    await eventually(() => expect(result.current.status).to.equal('joined'));
    const seen: string[] = [];
    gateway.delivers = false;
    const sending = result.current.send('hello');
    await eventually(() =>
      expect(result.current.pending.map(({ state }) => state)).to.deep.equal(['sending']),
    );
    const [publish] = gateway.sent('publish');
    const clientMsgId = String(publish && 'clientMsgId' in publish ? publish.clientMsgId : '');
    gateway.connection?.say({ type: 'ack', roomId: 1, clientMsgId, epoch: 1_000, seq: 1 });
    expect(await sending).to.deep.include({ content: 'hello' });
    await eventually(() => expect(result.current.pending.map(({ state }) => state)).to.deep.equal(['sent']));
    expect(result.current.messages).to.deep.equal([]);
    gateway.deliver(1);
    await eventually(() => {
      const { messages, pending } = result.current;
      seen.push(`${messages.length} ${pending.length}`);
      expect([messages.length, pending.length]).to.deep.equal([1, 0]);
    });
    expect(seen).to.not.include('1 1');
  });

  it('keep a failed message until it is retried or discarded', async () => {
    const { result } = renderHook(() => useRoom(1));
    await eventually(() => expect(result.current.status).to.equal('joined'));
    gateway.delivers = false;
    const refuse = async (): Promise<void> => {
      const count = gateway.sent('publish').length;
      await eventually(() => expect(result.current.pending[0]?.state).to.equal('sending'));
      const publish = gateway.sent('publish')[count - 1];
      if (publish?.type !== 'publish') throw new Error('nothing was sent');
      const { clientMsgId = '' } = publish;
      gateway.connection?.say({
        ...{ type: 'error', code: 'muted', error: 'muted', retry: false },
        ...{ request: 'publish', roomId: 1, clientMsgId },
      });
      await eventually(() => expect(result.current.pending[0]?.state).to.equal('failed'));
    };
    // The promise is ignored.
    result.current.send('hello');
    await eventually(() => expect(gateway.sent('publish')).to.have.length(1));
    await refuse();
    const id = result.current.pending[0]?.clientMsgId ?? '';
    result.current.retry(id);
    await eventually(() => expect(gateway.sent('publish')).to.have.length(2));
    await refuse();
    result.current.discard(id);
    await eventually(() => expect(result.current.pending).to.deep.equal([]));
  });

  it('send a message whose component has unmounted', async () => {
    gateway.delivers = false;
    const { result, unmount } = renderHook(() => useRoom(1));
    const sending = result.current.send('goodbye');
    unmount();
    await eventually(() => expect(gateway.sent('publish')).to.have.length(1));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(gateway.sent('leave')).to.deep.equal([]);
    const [publish] = gateway.sent('publish');
    const clientMsgId = String(publish && 'clientMsgId' in publish ? publish.clientMsgId : '');
    gateway.connection?.say({ type: 'ack', roomId: 1, clientMsgId, epoch: 1_000, seq: 1 });
    expect(await sending).to.deep.include({ content: 'goodbye' });
    await eventually(() => expect(gateway.sent('leave')).to.have.length(1));
  });

  it('show who is present and who is typing', async () => {
    const { result } = renderHook(() => ({ ...useTyping(1), members: usePresence(1) }));
    await eventually(() => expect(result.current.members).to.deep.equal([{ id: 1, username: 'ann' }]));
    gateway.connection?.say({ type: 'joined', roomId: 1, userId: 2, username: 'bob', content: '' });
    gateway.connection?.say({ type: 'typing', roomId: 1, userId: 2, username: 'bob' });
    const bob = { id: 2, username: 'bob' };
    await eventually(() => expect(result.current.typists).to.deep.equal([bob]));
    expect(result.current.members[1]).to.deep.equal(bob);
    result.current.typing();
    await eventually(() => expect(gateway.sent('typing')).to.have.length(1));
  });

  it('report why a page of the history cannot be read, and read it after a reconnect', async () => {
    gateway.fill(1);
    gateway.stage.history.failures.push(new Error('away'));
    const { result } = renderHook(() => useMessages(1));
    await eventually(() => expect(result.current.error).to.include({ message: 'away' }));
    expect(result.current.loading).to.equal(false);
    gateway.connection?.socket.terminate();
    await eventually(() => expect(result.current.messages).to.have.length(1));
    expect(result.current).to.include({ error: undefined, atBeginning: true });
  });

  it('report that a room was left, and join it again when they are mounted again', async () => {
    const { result, unmount } = renderHook(() => useRoom(1));
    await eventually(() => expect(result.current.status).to.equal('joined'));
    gateway.connection?.say({ type: 'room-left', roomId: 1, reason: 'removed' });
    await eventually(() => expect(result.current).to.include({ status: 'left', leftReason: 'removed' }));
    unmount();
    const again = renderHook(() => useRoom(1));
    await eventually(() => expect(again.result.current.status).to.equal('joined'));
  });

  it('report a closed client', async () => {
    await client.close();
    const { result } = renderHook(() => ({ ...useMessages(1), ...useRoom(1), ...useTyping(1) }));
    expect(result.current).to.include({ status: 'left', leftReason: 'closed', loading: false });
    const failure: unknown = await result.current.send('hello').catch((error: unknown) => error);
    expect(failure).to.include({ code: 'closed' });
  });

  it('need a provider', () => {
    const { error } = console;
    console.error = () => {};
    try {
      expect(() => page.tools.renderHook(() => useRoom(1))).to.throw('need a <ChorusProvider>');
    } finally {
      console.error = error;
    }
  });

  it('connect a client while the provider is mounted', async () => {
    const { url } = gateway.stage.gateway;
    const idle = new ChorusClient({ url, token: 'a-token', webSocket: WebSocket });
    const { unmount } = page.tools.render(
      <StrictMode>
        <ChorusProvider client={idle} />
      </StrictMode>,
    );
    expect(idle.state.status).to.equal('connecting');
    unmount();
    expect(idle.state.status).to.equal('connecting');
    await eventually(() => expect(idle.state.status).to.equal('idle'));
  });
});
