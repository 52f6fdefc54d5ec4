import { memo, type ReactElement } from 'react';
import { useMessages, useRoom, useTyping } from '../index.js';

/** The texts of a room. */
export function Texts({ room }: { room: number }): ReactElement {
  const { messages } = useMessages(room);
  return <p>{messages.map(({ content }) => content).join(', ')}</p>;
}

const Row = memo(({ text, onRender }: { text: string; onRender: () => void }) => {
  onRender();
  return <li>{text}</li>;
});

/** A room as applications show it. @param onRender called for each row that is rendered */
export function Chat({ room, onRender }: { room: number; onRender: () => void }): ReactElement {
  const { messages, loading, atBeginning, older } = useMessages(room);
  const { pending } = useRoom(room);
  const { typists } = useTyping(room);
  return (
    <>
      <ol>
        {messages.map(({ id, content }) => (
          <Row key={id} text={content} onRender={onRender} />
        ))}
      </ol>
      <button type="button" disabled={loading || atBeginning} onClick={() => older(100)}>
        Older
      </button>
      {pending.length + typists.length}
    </>
  );
}
