/** Characters of the longest URL of an avatar. */
export const MAX_AVATAR_LENGTH = 2_048;

/** Whether pages may load a URL as the avatar of a user: HTTPS in ASCII, without user name and password. */
export function isAvatarUrl(text: string): boolean {
  if (text.length > MAX_AVATAR_LENGTH || !URL.canParse(text) || /[^\x21-\x7e]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '';
}
