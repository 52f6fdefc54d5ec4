import { z } from 'zod';

/** Changes that every node must hear of. */
export type ControlEvent =
  | { type: 'room-deleted'; roomId: number }
  | { type: 'room-renamed'; roomId: number; name: string };

const roomId = z.int().positive();

const schema: z.ZodType<ControlEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('room-deleted'), roomId }),
  z.object({ type: z.literal('room-renamed'), roomId, name: z.string() }),
]);

/** @returns undefined for what is no event, or one that only newer nodes know */
export function parseControlEvent(text: string): ControlEvent | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
