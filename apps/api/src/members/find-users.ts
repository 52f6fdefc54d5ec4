import { operation } from '../http/operation.js';
import type { MemberServices } from './dependencies.js';
import { findUsersInput } from './inputs.js';
import { foundUsersJson } from './json.js';

/** Users in one response. */
const MOST = 20;

export const findUsers = operation(
  {
    id: 'findUsers',
    summary: `Find users by the beginning of their names`,
    access: 'rooms',
    scope: 'history:read',
    query: findUsersInput,
    answer: { status: 200, description: `Up to ${MOST} users.`, body: foundUsersJson },
  },
  ({ memberRepository }: MemberServices) =>
    async (_ctx, { query: { search } }) => ({ users: [...(await memberRepository.search(search, MOST))] }),
);
