import type { Session } from '../model/session.js';
import { Entrance } from './entrance.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';

/** The whole page. */
export function App({ session }: { session: Session }) {
  const state = session.state.value;
  switch (state.status) {
    case 'starting':
      return <main class="entrance" aria-busy="true" />;
    case 'unreachable':
      return (
        <Entrance>
          <p class="notice" role="alert">
            Chorus cannot be reached. Trying again…
          </p>
          <button type="button" class="primary" onClick={() => void session.start()}>
            Try now
          </button>
        </Entrance>
      );
    case 'signed-out':
      return <SignIn session={session} notice={state.notice} />;
    case 'signed-in':
      return <Shell key={state.chat.me.id} session={session} chat={state.chat} />;
  }
}
