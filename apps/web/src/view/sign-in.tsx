import { useEffect, useRef, useState } from 'preact/hooks';
import type { Provider } from '../model/provider-sign-in.js';
import { inviteOfHash } from '../model/route.js';
import type { Session } from '../model/session.js';
import { Failure } from './controls/failure.js';
import { Field } from './controls/field.js';
import { useAction } from './controls/use-action.js';
import { Entrance } from './entrance.js';

/** The forms for signing in and up. */
export function SignIn({ session, notice }: { session: Session; notice: string | undefined }) {
  const [isNew, setNew] = useState(false);
  const methods = session.methods.value;
  return (
    <Entrance>
      {notice !== undefined && (
        <p class="notice" role="alert">
          {notice}
        </p>
      )}
      {inviteOfHash(location.hash) !== undefined && (
        <p class="notice">You are invited to a room. Sign in, or create an account, to enter it.</p>
      )}
      {methods?.providers.map((provider) => (
        <ProviderButton key={provider.issuer} session={session} provider={provider} />
      ))}
      {methods?.passwords && (
        <>
          {/* Its own form each time: nothing of one is left in the other. */}
          <Form key={String(isNew)} session={session} isNew={isNew} />
          <button type="button" class="link" onClick={() => setNew(!isNew)}>
            {isNew ? 'I have an account' : 'Create an account'}
          </button>
        </>
      )}
    </Entrance>
  );
}

function ProviderButton({ session, provider }: { session: Session; provider: Provider }) {
  const { error, run } = useAction(() => session.signInBy(provider));
  return (
    <>
      <button type="button" class="primary" onClick={() => void run()}>
        Sign in with {provider.name}
      </button>
      <Failure error={error} />
    </>
  );
}

function Form({ session, isNew }: { session: Session; isNew: boolean }) {
  const [username, setUsername] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { busy, error, run } = useAction(() =>
    isNew ? session.signUp(username, email, password) : session.signIn(email, password),
  );
  const form = useRef<HTMLFormElement>(null);
  // Browsers obey `autofocus` only while they load a page, and not after signing out.
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {isNew && (
        <Field
          label="User name"
          name="username"
          value={username}
          onText={setUsername}
          autocomplete="nickname"
          hint="What others see. It cannot be changed."
          maxLength={64}
        />
      )}
      <Field
        label="E-mail"
        name="email"
        type="email"
        value={email}
        onText={setEmail}
        autocomplete="username"
      />
      <Field
        label="Password"
        name="password"
        type="password"
        value={password}
        onText={setPassword}
        autocomplete={isNew ? 'new-password' : 'current-password'}
        minLength={isNew ? 6 : 1}
      />
      {error !== undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <button type="submit" class="primary" aria-disabled={busy}>
        {isNew ? 'Create account' : 'Sign in'}
      </button>
    </form>
  );
}
