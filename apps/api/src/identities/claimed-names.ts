import { randomBytes } from 'node:crypto';
import { nameText } from '../names/text.js';

const MAX_NAME = 64;
/** Largest number that a name gets to differ from those of other users. */
const MAX_NUMBER = 9;
const userName = nameText(MAX_NAME);

/**
 * Returns the names that a user of an identity provider may get, best first: the claimed one, the same with `-2` to `-9`, and the same
 * with random digits, which is practically never taken. A name that no user may have becomes `user-` and random digits.
 * @param claimed name in the token; undefined for none
 */
export function namesFor(claimed: string | undefined): string[] {
  const name = claimed === undefined ? undefined : valid(claimed);
  if (name === undefined) return [`user-${digits()}`];
  const numbers = Array.from({ length: MAX_NUMBER - 1 }, (_, index) => `-${index + 2}`);
  return ['', ...numbers, `-${digits()}`].flatMap((end) => valid(name, end) ?? []);
}

/** Returns the name with the end, cut to the largest length; undefined if it cannot be made valid. */
function valid(claimed: string, end = ''): string | undefined {
  const most = MAX_NAME - end.length;
  const cut = [...claimed.normalize('NFKC').trim()].slice(0, most).join('').trim() + end;
  const parsed = userName.safeParse(cut);
  return parsed.success ? parsed.data : undefined;
}

function digits(): string {
  return randomBytes(4).toString('hex');
}
