import type { MemberRepository } from './repository.js';
import type { MemberService } from './service.js';

/** Dependencies of the routes of members. */
export interface MemberServices {
  readonly members: MemberService;
  readonly memberRepository: Pick<MemberRepository, 'search' | 'find'>;
}
