import { ChorusApi, ChorusClient } from '@chorus/client';
import { useState } from 'react';

const api = new ChorusApi();

export function SignIn({ onSignedIn }) {
  const [problem, setProblem] = useState('');

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget, event.nativeEvent.submitter);
    const [username, password] = [form.get('username'), form.get('password')];
    const account = { username, email: `${username}@example.com`, password };
    try {
      if (form.get('action') === 'sign-up') await api.signUp(account);
      await api.signIn(account);
      const { rooms } = await api.rooms();
      const { id } = rooms[0] ?? (await api.createRoom({ name: 'Lobby' }));
      const client = new ChorusClient({ refresh: async () => void (await api.refresh()) });
      onSignedIn({ client, room: id });
    } catch (error) {
      setProblem(error.message);
    }
  }

  return (
    <form onSubmit={submit}>
      <input name="username" placeholder="User name" />
      <input name="password" type="password" placeholder="Password" />
      <button type="submit" name="action" value="sign-up">
        Sign up
      </button>
      <button type="submit" name="action" value="sign-in">
        Sign in
      </button>
      <p role="alert">{problem}</p>
    </form>
  );
}
