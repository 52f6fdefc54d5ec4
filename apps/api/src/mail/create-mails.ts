import type { Database } from '@chorus/database';
import type { Logger } from '@chorus/service';
import { PasswordResets } from '../auth/reset/password-resets.js';
import type { UserRepository } from '../auth/user-repository.js';
import { MailQueue } from './mail-queue.js';
import { MailSender } from './mail-sender.js';
import type { MailConfig } from './settings.js';

/** Returns what sends mails; undefined without a mail server. */
export function createMails(
  config: MailConfig | undefined,
  { db, users, log }: { readonly db: Database; readonly users: UserRepository; readonly log: Logger },
): MailSender | undefined {
  if (config === undefined) return undefined;
  return new MailSender(config, { queue: new MailQueue(db), resets: new PasswordResets(db), users, log });
}
