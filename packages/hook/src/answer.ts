import { dataSchema } from '@chorus/protocol';
import { z } from 'zod';
import type { Draft, MessageText } from './text.js';

/** Longest reason that senders are given, in UTF-16 code units. */
const MAX_REASON = 200;

/** What the endpoint decides. */
export type Verdict =
  | { readonly action: 'pass' }
  | { readonly action: 'refuse'; readonly reason: string }
  | { readonly action: 'change'; readonly text: MessageText };

const answerSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('pass') }),
  z.object({ action: z.literal('refuse'), reason: z.string().default('') }),
  z.object({ action: z.literal('change'), content: z.string().optional(), data: dataSchema.optional() }),
]);

type Change = Extract<z.infer<typeof answerSchema>, { action: 'change' }>;

/** Reads the body of an answer about a draft. @returns undefined if it is no valid answer */
export function readAnswer(body: string, draft: Draft): Verdict | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { data: answer } = answerSchema.safeParse(json);
  switch (answer?.action) {
    case undefined:
      return undefined;
    case 'pass':
      return { action: 'pass' };
    case 'refuse':
      return { action: 'refuse', reason: shown(answer.reason) };
    case 'change':
      return changed(draft, answer);
    default:
      return answer satisfies never;
  }
}

/** What is absent stays. A text that is appended has no data, and is not empty. */
function changed(draft: Draft, { content, data }: Change): Verdict | undefined {
  if (content === undefined && data === undefined) return undefined;
  if (draft.type === 'append' && (content === '' || data !== undefined)) return undefined;
  return { action: 'change', text: { content: content ?? draft.content, data: data ?? draft.data } };
}

/** One line of bounded length without what terminals and logs could interpret. */
function shown(reason: string): string {
  const line = reason
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  // Not through the middle of a surrogate pair.
  return line.length <= MAX_REASON
    ? line
    : `${line.slice(0, MAX_REASON - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
