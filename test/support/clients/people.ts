import { randomBytes, randomInt } from 'node:crypto';
import { type Answer, request } from '@chorus/testing';

export { type Answer, type RequestOptions, request } from '@chorus/testing';

/** A user of a running Chorus, signed in. */
export interface Person {
  id: number;
  username: string;
  email: string;
  password: string;
  token: string;
  /** Ready to be sent as a `cookie` header. */
  cookie: string;
}

/** Signs a new user up and in. The name is unique: suites share servers. */
export async function createPerson(url: string, name = 'user'): Promise<Person> {
  const username = `${name}-${randomBytes(5).toString('hex')}`;
  const email = `${username}@example.com`;
  const password = 'open sesame';
  await expectOk(request(`${url}/api/users/signup`, { body: { username, email, password } }));
  return signIn(url, { username, email, password });
}

export async function signIn(
  url: string,
  person: { username: string; email: string; password: string },
): Promise<Person> {
  const { email, password } = person;
  const answer = await expectOk(request(`${url}/api/users/signin`, { body: { email, password } }));
  const [cookie = ''] = (answer.headers.getSetCookie()[0] ?? '').split(';');
  const { id } = answer.body as { id: number };
  return { ...person, id, cookie, token: cookie.replace(/^jwt=/, '') };
}

/** Creates a room with an id that no other suite has, and returns the id. */
export async function createRoom(url: string, person: Person, name?: string): Promise<number> {
  const id = randomInt(1_000, 2 ** 47);
  const body = { id, name: name ?? `room-${id}` };
  await expectOk(request(`${url}/ws/create-room`, { body, token: person.token }));
  return id;
}

async function expectOk(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering;
  if (answer.status === 200) return answer;
  throw new Error(`expected 200, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
