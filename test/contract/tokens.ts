import { Tokens } from '@chorus/auth';
import type { Person } from '../support/clients/people.js';
import type { Target } from './target.js';

/** Tokens that must not be accepted, and what is wrong with them. */
export function badTokens(target: () => Target, owner: () => Person) {
  const forged = (claims: object, header = '{"alg":"none","typ":"JWT"}'): string =>
    `${base64(header)}.${base64(JSON.stringify(claims))}.`;
  return [
    { what: 'no token', token: () => undefined },
    { what: 'what is no token', token: () => 'x.y.z' },
    {
      what: 'an expired token',
      token: () => new Tokens(target().secret, -60).sign(owner()),
    },
    {
      what: 'a token signed with another secret',
      token: () => new Tokens('another secret, just as long as the first').sign(owner()),
    },
    {
      what: 'a token that is not signed',
      token: () => forged({ sub: String(owner().id), username: owner().username, jti: 'a', exp: 2 ** 40 }),
    },
    {
      what: 'a token whose claims were changed',
      token: () => {
        const [header, , signature] = owner().token.split('.');
        const claims = { sub: '1', username: 'root', jti: 'a', exp: 2 ** 40 };
        return `${header}.${base64(JSON.stringify(claims))}.${signature}`;
      },
    },
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64url');
}
