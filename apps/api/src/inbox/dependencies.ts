import type { InboxService } from './inbox-service.js';

/** Dependencies of the routes of the inbox. */
export interface InboxServices {
  readonly inbox: InboxService;
}
