import type { ConnectionState } from '@chorus/client';
import { useEffect, useState } from 'preact/hooks';
import type { Chat } from '../model/chat.js';
import { connectionText, secondsUntil } from '../model/words.js';

/** The state of the connection; a bar over the page while there is none. */
export function Connection({ chat }: { chat: Chat }) {
  const state = chat.connection.value;
  const trouble = useTrouble(state);
  const waiting = trouble && state.status === 'waiting' ? state : undefined;
  return (
    <div class={trouble ? 'connection trouble' : 'connection'}>
      <p role="status" aria-label="Connection">
        <span class={state.status === 'connected' ? 'dot good' : 'dot'} aria-hidden="true" />
        {connectionText(state, chat.online.value)}
        {/* Not read out every second. */}
        {waiting !== undefined && chat.online.value && <Countdown until={waiting.retryAt} />}
      </p>
      {waiting !== undefined && (
        <button type="button" onClick={() => chat.reconnectNow()}>
          Reconnect now
        </button>
      )}
    </div>
  );
}

/** A connection that is restored within this time is not shown as trouble, in milliseconds. */
const PATIENCE_MS = 600;

function useTrouble(state: ConnectionState): boolean {
  const connected = state.status === 'connected';
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (connected) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [connected]);
  return !connected && late;
}

function Countdown({ until }: { until: number }) {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((times) => times + 1), 250);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true"> in {secondsUntil(until)} s</span>;
}
