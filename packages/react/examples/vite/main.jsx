import { ChorusProvider } from '@chorus/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Chat } from './chat.jsx';
import { SignIn } from './sign-in.jsx';

function App() {
  const [session, setSession] = useState();
  if (!session) return <SignIn onSignedIn={setSession} />;
  return (
    <ChorusProvider client={session.client}>
      <Chat room={session.room} />
    </ChorusProvider>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
