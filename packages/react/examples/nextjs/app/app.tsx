'use client';

import { ChorusProvider } from '@chorus/react';
import { type FormEvent, useState } from 'react';
import { Chat } from './chat';
import { openSession, type Session } from './session';

export function App() {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState('');

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const { submitter } = event.nativeEvent as SubmitEvent;
    const action = submitter?.getAttribute('value') === 'sign-up' ? 'sign-up' : 'sign-in';
    try {
      setSession(await openSession(String(form.get('username')), String(form.get('password')), action));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  if (session) {
    return (
      <ChorusProvider client={session.client}>
        <Chat room={session.room} />
      </ChorusProvider>
    );
  }
  return (
    <form onSubmit={submit}>
      <input name="username" placeholder="User name" />
      <input name="password" type="password" placeholder="Password" />
      <button type="submit" value="sign-up">
        Sign up
      </button>
      <button type="submit" value="sign-in">
        Sign in
      </button>
      <p role="alert">{problem}</p>
    </form>
  );
}
