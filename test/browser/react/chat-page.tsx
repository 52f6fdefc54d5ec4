import { ChorusClient } from '@chorus/client';
import { ChorusProvider, useChorus, useInbox, useMessages, usePresence, useRoom } from '@chorus/react';
import { memo, Profiler, type ReactElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

export interface ChatOptions {
  readonly url: string;
  readonly token: string;
  readonly room: number;
}

/** What the test reads in the page. */
export interface ChatPage {
  start(options: ChatOptions): void;
  /** Ends the rendering. */
  stop(): void;
  /** Commits of React so far. */
  commits: number;
  /** When each message of the room arrived, in milliseconds. */
  readonly arrivals: number[];
  /** Rooms that the client has joined. */
  rooms(): number[];
}

declare global {
  var chat: ChatPage;
}

const Row = memo(({ text }: { text: string }) => <li>{text}</li>);

function Chat({ room }: { room: number }): ReactElement {
  const { messages, atBeginning, loading, older } = useMessages(room, { keep: 2_000 });
  const { send, pending } = useRoom(room);
  return (
    <>
      <ol>
        {messages.map(({ id, content }) => (
          <Row key={id} text={content} />
        ))}
      </ol>
      <button type="button" disabled={atBeginning || loading} onClick={() => older(100)}>
        Older
      </button>
      <button type="button" onClick={() => send('hello from React')}>
        Send
      </button>
      <p id="pending">{pending.length}</p>
    </>
  );
}

function Around({ room }: { room: number }): ReactElement {
  const { state, user } = useChorus();
  const { entries, unread, markRead } = useInbox();
  const names = usePresence(room).map(({ username }) => username);
  return (
    <>
      <p id="state">
        {state.status} {user?.username}
      </p>
      <p id="present">{names.join(', ')}</p>
      <p id="inbox">
        {entries.length} {unread}
      </p>
      <button type="button" onClick={() => markRead(room)}>
        Read
      </button>
    </>
  );
}

globalThis.chat = {
  commits: 0,
  arrivals: [],
  rooms: () => [],
  stop: () => {},
  start({ url, token, room }) {
    const client = new ChorusClient({ url, token });
    const root = createRoot(document.body);
    chat.stop = () => root.unmount();
    chat.rooms = () => [...client.rooms.keys()];
    root.render(
      <StrictMode>
        <ChorusProvider client={client}>
          <Profiler
            id="chat"
            onRender={() => {
              chat.commits++;
            }}
          >
            <Chat room={room} />
          </Profiler>
          <Around room={room} />
        </ChorusProvider>
      </StrictMode>,
    );
    // Once the hooks have joined the room: the arrivals are those of the same connection.
    const timer = setInterval(() => {
      const joined = client.rooms.get(room);
      if (!joined) return;
      clearInterval(timer);
      joined.on('message', () => chat.arrivals.push(performance.now()));
    });
  },
};
