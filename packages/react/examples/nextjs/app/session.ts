import { ChorusApi, ChorusClient } from '@chorus/client';

/** Next.js and Chorus have different origins: see ALLOWED_ORIGINS. */
const url = process.env.NEXT_PUBLIC_CHORUS_URL ?? 'http://localhost:8080';

/** A signed-in user, and the room to chat in. */
export interface Session {
  readonly client: ChorusClient;
  readonly room: number;
}

/** Pages of another origin authenticate with a token. It stays in memory: a script that reads storage does not find it. */
export async function openSession(
  username: string,
  password: string,
  action: 'sign-up' | 'sign-in',
): Promise<Session> {
  let token: string | undefined;
  const api = new ChorusApi({ url, token: () => token });
  const account = { username, email: `${username}@example.com`, password };
  if (action === 'sign-up') await api.signUp(account);
  token = (await api.signIn(account)).token;
  const { rooms } = await api.rooms();
  const { id } = rooms[0] ?? (await api.createRoom({ name: 'Lobby' }));
  const client = new ChorusClient({
    url,
    ...(token && { token }),
    refresh: async () => {
      token = (await api.refresh()).token;
      return token;
    },
  });
  return { client, room: id };
}
