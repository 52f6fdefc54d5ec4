import type { Database } from '@chorus/database';

/** A mail that this API has claimed. */
export interface ClaimedMail {
  readonly id: bigint;
  readonly email: string;
  /** Number of the claim, from 1 on. */
  readonly attempts: number;
  /** Whether it was asked for too long ago to be sent. */
  readonly stale: boolean;
}

/** Time for which a claim holds, in seconds: longer than all steps of an attempt with their timeouts. */
const CLAIM_SECONDS = 150;
/** Age at which a mail is given up, in seconds. The user who waits for it has asked again. */
const STALE_SECONDS = 3_600;
/** Pauses after failed attempts, in seconds: doubled each time, up to the second. */
const FIRST_PAUSE_SECONDS = 2;
const LONGEST_PAUSE_SECONDS = 300;

/** Mails to send, in PostgreSQL: an API that is killed loses none. PostgreSQL's clock decides when they are due. */
export class MailQueue {
  constructor(private readonly db: Database) {}

  /** Stores that a reset link is to be sent to an address, whether or not an account has it: both take the same time. */
  async add(email: string): Promise<void> {
    await this.db.mail.create({ data: { kind: 'reset-password', email } });
  }

  /** Claims mails that are due, the longest waiting first. No other API claims them until the claim has ended. */
  async claim(limit: number): Promise<ClaimedMail[]> {
    return this.db.$queryRaw<ClaimedMail[]>`
      UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${CLAIM_SECONDS})
      WHERE id IN (
        SELECT id FROM mails WHERE next_attempt_at <= now() ORDER BY next_attempt_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      RETURNING id, email, attempts, created_at < now() - make_interval(secs => ${STALE_SECONDS}) AS stale`;
  }

  /** Removes a mail that was sent or given up. */
  async remove({ id }: ClaimedMail): Promise<void> {
    await this.db.$executeRaw`DELETE FROM mails WHERE id = ${id}`;
  }

  /** Lets a mail wait for its next attempt, unless another API has claimed it meanwhile. */
  async retry({ id, attempts }: ClaimedMail): Promise<void> {
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.min(attempts - 1, 20));
    await this.db.$executeRaw`
      UPDATE mails SET next_attempt_at = now() + make_interval(secs => ${seconds})
      WHERE id = ${id} AND attempts = ${attempts}`;
  }
}
