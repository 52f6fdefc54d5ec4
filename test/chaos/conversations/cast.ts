import { randomBytes } from 'node:crypto';
import { request } from '../../support/clients/people.js';
import type { World } from '../worlds/world.js';

export interface Actor {
  readonly id: number;
  readonly username: string;
  readonly token: string;
}

/** The users of conversations. */
export interface Cast {
  /** Owns the rooms, and is never removed. */
  readonly owner: Actor;
  /** Members who send. The first is a moderator. */
  readonly talkers: readonly [Actor, Actor, Actor];
  /** Users who are added and removed all the time. */
  readonly movers: readonly Actor[];
  /** Users who are never members of a private or direct room. */
  readonly outsiders: readonly Actor[];
}

/** Signs the users up: only users with an account can be added to rooms. */
export async function signUpCast(world: Pick<World, 'url' | 'tokenOf'>): Promise<Cast> {
  const people = (name: string, count: number): Promise<Actor[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const username = `${name}-${randomBytes(4).toString('hex')}`;
        const account = { username, email: `${username}@example.com`, password: 'open sesame' };
        const { status, body } = await request(`${world.url}/api/users/signup`, { body: account });
        if (status !== 200) throw new Error(`sign-up of ${username}: ${status} ${JSON.stringify(body)}`);
        const { id } = body as { id: number };
        return { id, username, token: world.tokenOf({ id, username }) };
      }),
    );
  const [[owner], talkers, movers, outsiders] = await Promise.all([
    people('owner', 1),
    people('talker', 3),
    people('mover', 3),
    people('outsider', 2),
  ]);
  return { owner: owner as Actor, talkers: talkers as [Actor, Actor, Actor], movers, outsiders };
}
