import { ISSUER_SETTINGS } from '../support/clients/identity-token.js';
import { MAIL_SETTINGS } from '../support/clients/mail.js';
import { OPERATOR_SETTINGS } from '../support/clients/operator.js';

/** A running Chorus that the contract is held against, whatever it is made of. */
export interface Target {
  readonly url: string;
  readonly operatorUrl: string | undefined;
  /** What it signs tokens with. */
  readonly secret: string;
  readonly close: () => Promise<void>;
}

/** Starts one with these settings. */
export type Start = (env: Record<string, string>) => Promise<Omit<Target, 'secret'>>;

const JWT_SECRET = 'the secret of the contract suites, long enough';

/** Limits low enough to be reached, and a grace short enough to be waited for. */
const SETTINGS = {
  ...OPERATOR_SETTINGS,
  JWT_SECRET,
  ...ISSUER_SETTINGS,
  ...MAIL_SETTINGS,
  PRESENCE_GRACE_MS: '200',
  ALLOWED_ORIGINS: 'https://chat.example',
  SIGNIN_FAILURES_PER_ACCOUNT: '3',
  SIGNUP_ATTEMPTS_PER_ACCOUNT: '3',
};

export async function startTarget(start: Start, env: Record<string, string> = {}): Promise<Target> {
  return { ...(await start({ ...SETTINGS, ...env })), secret: JWT_SECRET };
}
