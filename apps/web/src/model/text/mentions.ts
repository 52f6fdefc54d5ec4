import type { Member, Mention } from '@chorus/client';

/** A part of a text. `mention`: it mentions the user who reads, or another one. */
export interface MentionPart {
  readonly text: string;
  readonly mention?: 'me' | 'other' | undefined;
}

/** The name by which a text mentions all members. */
export const ROOM = 'room';

/** An `@` after a letter belongs to a mail address. */
const AT = /(?<![\p{L}\p{N}_.@])@/gu;
const IN_NAME = /[\p{L}\p{N}_]/u;
/** Longest name that is looked for while the user types. */
const LONGEST = 64;

export interface MentionsOfMessage {
  readonly mentions: readonly Mention[];
  readonly me: Member;
  /** Name of a user, if it is known. */
  nameOf(id: number): string | undefined;
}

/** Splits a text at the mentions of its message. A user whose name is not known is taken for the next word after an `@`. */
export function splitMentions(text: string, { mentions, me, nameOf }: MentionsOfMessage): MentionPart[] {
  if (mentions.length === 0 || !text.includes('@')) return [{ text }];
  const names = mentions.map((id) => ({
    id,
    name: id === 'room' ? ROOM : id === me.id ? me.username : nameOf(id),
  }));
  const hasUnknown = names.some(({ name }) => name === undefined);
  const parts: MentionPart[] = [];
  let done = 0;
  for (const { index } of text.matchAll(AT)) {
    if (index < done) continue;
    const known = longestAt(text, index + 1, names);
    const length = known?.name?.length ?? (hasUnknown ? wordAt(text, index + 1) : 0);
    if (length === 0) continue;
    if (index > done) parts.push({ text: text.slice(done, index) });
    done = index + 1 + length;
    const isMe = known !== undefined && (known.id === me.id || known.id === 'room');
    parts.push({ text: text.slice(index, done), mention: isMe ? 'me' : 'other' });
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** Returns whom a text mentions, each once. @param mayMentionRoom whether `@room` counts */
export function mentionsIn(text: string, users: Iterable<Member>, mayMentionRoom: boolean): Mention[] {
  if (!text.includes('@')) return [];
  const names: Array<{ id: Mention; name: string }> = [...users].map(({ id, username: name }) => ({
    id,
    name,
  }));
  if (mayMentionRoom) names.push({ id: 'room', name: ROOM });
  const found = new Set<Mention>();
  for (const { index } of text.matchAll(AT)) {
    const known = longestAt(text, index + 1, names);
    if (known !== undefined) found.add(known.id);
  }
  return [...found];
}

/** Returns what is written after the `@` before the caret, and where it begins; undefined if no name is being written. */
export function nameBefore(
  text: string,
  caret: number,
): { readonly from: number; readonly start: string } | undefined {
  const before = text.slice(Math.max(0, caret - LONGEST - 1), caret);
  const at = [...before.matchAll(AT)].at(-1)?.index;
  if (at === undefined) return undefined;
  const start = before.slice(at + 1);
  return /\n|^\s|\s\s/.test(start) ? undefined : { from: caret - start.length, start };
}

/** The longest name that stands at a place of a text, whatever its case. */
function longestAt<Name extends { readonly name: string | undefined }>(
  text: string,
  from: number,
  names: readonly Name[],
): Name | undefined {
  let longest: Name | undefined;
  for (const each of names) {
    const { name } = each;
    if (name === undefined || name.length <= (longest?.name?.length ?? 0)) continue;
    if (text.slice(from, from + name.length).toLowerCase() !== name.toLowerCase()) continue;
    if (!IN_NAME.test(text.charAt(from + name.length))) longest = each;
  }
  return longest;
}

function wordAt(text: string, from: number): number {
  return /^[\p{L}\p{N}_.-]*[\p{L}\p{N}_]/u.exec(text.slice(from, from + LONGEST))?.[0].length ?? 0;
}
