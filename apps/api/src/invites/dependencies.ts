import type { InviteService } from './service.js';

/** Dependencies of the routes of invitations. */
export interface InviteServices {
  readonly invites: InviteService;
}
