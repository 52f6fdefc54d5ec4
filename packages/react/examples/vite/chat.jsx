import { useChorus, useMessages, usePresence, useRoom, useTyping } from '@chorus/react';
import { memo } from 'react';

export function Chat({ room }) {
  return (
    <>
      <Status room={room} />
      <Messages room={room} />
      <Write room={room} />
    </>
  );
}

function Messages({ room }) {
  const { messages, atBeginning, loading, older } = useMessages(room);
  return (
    <>
      {!atBeginning && (
        <button type="button" disabled={loading} onClick={() => older()}>
          Older messages
        </button>
      )}
      <ol>
        {messages.map((message) => (
          <Message key={message.id} message={message} />
        ))}
      </ol>
    </>
  );
}

const Message = memo(({ message: { username, content, deleted } }) => (
  <li>
    {username}: {deleted ? 'deleted' : content}
  </li>
));

function Write({ room }) {
  const { pending, send, retry, discard } = useRoom(room);
  const { typing } = useTyping(room);

  function submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    // A failure is shown below, as one of the pending messages.
    send(new FormData(form).get('content'));
    form.reset();
  }

  return (
    <>
      <ul>
        {pending.map(({ clientMsgId, content, error }) => (
          <li key={clientMsgId}>
            {content} ({error ? error.message : 'sending'}){' '}
            {error && (
              <>
                <button type="button" onClick={() => retry(clientMsgId)}>
                  Retry
                </button>
                <button type="button" onClick={() => discard(clientMsgId)}>
                  Discard
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <input name="content" placeholder="Message" autoComplete="off" onChange={typing} />
        <button type="submit">Send</button>
      </form>
    </>
  );
}

function Status({ room }) {
  const { state } = useChorus();
  const members = usePresence(room);
  const { typists } = useTyping(room);
  const names = (people) => people.map(({ username }) => username).join(', ');
  return (
    <>
      <p role="status">{state.status}</p>
      <p>In this room: {names(members)}</p>
      <p>{typists.length > 0 && `${names(typists)} …`}</p>
    </>
  );
}
