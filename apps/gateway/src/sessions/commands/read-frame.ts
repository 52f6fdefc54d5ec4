import { type ClientFrame, clientFrameSchema, clientMsgIdSchema } from '@chorus/protocol';
import { z } from 'zod';

/** What is no frame of the protocol. */
export interface BadFrame {
  readonly type: 'bad';
  /** What it says about itself, as far as that is understood. */
  readonly about: {
    type?: string | undefined;
    roomId?: number | undefined;
    clientMsgId?: string | undefined;
  };
  /** For people. */
  readonly detail: string;
}

/** The part of a wrong frame that tells its sender which one it was. */
const aboutSchema = z.object({
  type: z
    .enum(clientFrameSchema.options.map((option) => option.shape.type.value))
    .optional()
    .catch(undefined),
  roomId: z.int().positive().optional().catch(undefined),
  clientMsgId: clientMsgIdSchema.optional().catch(undefined),
});

/** Reads a text frame of a client. Never throws. */
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

/** What the frame is, or was meant to be. */
export function typeOf(frame: ClientFrame | BadFrame): string | undefined {
  return frame.type === 'bad' ? frame.about.type : frame.type;
}
