'use client';

import type { CurrentMessage } from '@chorus/client';
import { useChorus, useMessages, useRoom, useTyping } from '@chorus/react';
import { type FormEvent, memo } from 'react';

export function Chat({ room }: { room: number }) {
  const { state } = useChorus();
  const { messages, atBeginning, loading, older } = useMessages(room);
  const { pending, send } = useRoom(room);
  const { typists, typing } = useTyping(room);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    // A failure is shown among the pending messages.
    send(String(new FormData(form).get('content')));
    form.reset();
  }

  return (
    <>
      <p role="status">{state.status}</p>
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
      <ul>
        {pending.map(({ clientMsgId, content, error }) => (
          <li key={clientMsgId}>
            {content} ({error?.message ?? 'sending'})
          </li>
        ))}
      </ul>
      <p>{typists.map(({ username }) => `${username} …`).join(' ')}</p>
      <form onSubmit={submit}>
        <input name="content" placeholder="Message" autoComplete="off" onChange={typing} />
        <button type="submit">Send</button>
      </form>
    </>
  );
}

const Message = memo(({ message: { username, content, deleted } }: { message: CurrentMessage }) => (
  <li>
    {username}: {deleted ? 'deleted' : content}
  </li>
));
Message.displayName = 'Message';
