import {
  type ClientFrame,
  type ClientFrameType,
  clientFrameSchema,
  clientMsgIdSchema,
} from '@chorus/protocol';
import { z } from 'zod';

/** A text that is not a frame of the protocol. */
export interface BadFrame {
  readonly type: 'bad';
  /** Fields that identify the frame, as far as they are readable. */
  readonly about: {
    type?: string | undefined;
    roomId?: number | undefined;
    clientMsgId?: string | undefined;
  };
  /** Explanation for developers. */
  readonly detail: string;
}

/** The fields of an invalid frame that tell its sender which frame it was. */
const aboutSchema = z.object({
  type: z
    .enum(clientFrameSchema.options.map((option) => option.shape.type.value))
    .optional()
    .catch(undefined),
  roomId: z.int().positive().optional().catch(undefined),
  clientMsgId: clientMsgIdSchema.optional().catch(undefined),
});

/** Parses a client's text frame. Never throws. */
export function readFrame(text: string): ClientFrame | BadFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { type: 'bad', about: {}, detail: 'not JSON' };
  }
  const parsed = clientFrameSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  return {
    type: 'bad',
    about: aboutSchema.safeParse(json).data ?? {},
    detail: `${path === '' ? '' : `${path}: `}${issue?.message ?? 'wrong'}`,
  };
}

/** Type of the frame, also of an invalid one that has a type. */
export function typeOf(frame: ClientFrame | BadFrame): string | undefined {
  return frame.type === 'bad' ? frame.about.type : frame.type;
}

/** Frames that become entries of a room, and use up the user's budget of messages. */
const ENTRIES: ReadonlySet<string | undefined> = new Set<ClientFrameType>([
  ...(['publish', 'edit', 'delete', 'react', 'unreact', 'append'] as const),
]);

/** Whether a frame of that type becomes an entry of a room. */
export function isEntry(type: string | undefined): boolean {
  return ENTRIES.has(type);
}
