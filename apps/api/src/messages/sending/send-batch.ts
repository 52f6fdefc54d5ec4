import { clientMsgIdSchema, idSchema, type Refusal } from '@chorus/protocol';
import { z } from 'zod';
import type { AuditCount } from '../../audit/audit-entry.js';
import { toRefusal } from '../../http/middleware/format-errors.js';
import { operation } from '../../http/operation.js';
import { failure, named } from '../../http/schemas.js';
import { required } from '../../rooms/access.js';
import type { MessageServices } from '../dependencies.js';
import { newMessageInput } from '../inputs.js';
import { entryJson } from '../json.js';

/** Messages of one batch. */
const MOST_MESSAGES = 1_000;
/** A KiB for each message, in KiB: as much as proxies let through by default. */
const BODY_KIB = 1_024;

const batchInput = named(
  'MessageBatch',
  z.strictObject({
    messages: z
      .array(
        newMessageInput.extend({
          roomId: idSchema.describe('Id of the room.'),
          idempotencyKey: clientMsgIdSchema
            .optional()
            .describe('As the header `Idempotency-Key` of a single message.'),
        }),
      )
      .min(1, `must be 1 to ${MOST_MESSAGES} messages`)
      .max(MOST_MESSAGES, `must be 1 to ${MOST_MESSAGES} messages`),
  }),
);

const batchJson = named(
  'BatchResults',
  z.object({
    results: z
      .array(z.union([entryJson, failure]))
      .describe('For each message in order: its position, or why it was not sent.'),
  }),
);

export const sendBatch = operation(
  {
    id: 'sendMessages',
    summary: 'Send up to 1,000 messages to any rooms',
    description:
      'For a bot, or with `X-Chorus-User`. Each message has its own result. Messages to one room are sent in their order; one that is refused does not ' +
      'keep later ones from being sent. A body with an invalid field is refused as a whole with 400.',
    access: 'key',
    scope: 'messages:write',
    counted: true,
    bodyKiB: BODY_KIB,
    body: batchInput,
    answer: { status: 200, description: 'The results, also if some messages were refused.', body: batchJson },
    errors: {
      413: `The body is larger than ${BODY_KIB} KiB.`,
      429: 'The key has sent more messages per second than its limit, by default `MAX_API_MESSAGES_PER_SECOND_PER_KEY`. No message was sent.',
      503: 'PostgreSQL or Redis is unavailable. It is unknown which messages were sent: repeat the request with the same idempotency keys.',
    },
  },
  (services: MessageServices) =>
    async ({ state }, { body: { messages } }) => {
      const sending = services.messages;
      sending.take({ user: required(state), apiKey: state.key }, messages.length);
      const rooms = await services.sendingRooms.senders(
        state,
        messages.map(({ roomId }) => roomId),
      );
      const sent = await Promise.allSettled(
        messages.map(async ({ roomId, idempotencyKey: key, ...message }) => {
          const room = rooms.get(roomId);
          if (room?.status !== 'fulfilled') throw room?.reason;
          return { roomId, ...(await sending.sendAdmitted({ ...room.value, key }, message)) };
        }),
      );
      state.counts = countsOf(messages, sent);
      return {
        results: sent.map((result) => (result.status === 'fulfilled' ? result.value : failed(result.reason))),
      };
    },
);

/** Returns the numbers of messages by room and status, for the audit. */
function countsOf(
  messages: ReadonlyArray<{ readonly roomId: number }>,
  sent: ReadonlyArray<PromiseSettledResult<unknown>>,
): AuditCount[] {
  const counts = new Map<number, Map<number, number>>();
  for (const [at, { roomId }] of messages.entries()) {
    const result = sent[at];
    const status = result?.status === 'rejected' ? toRefusal(result.reason).status : 201;
    const room = counts.get(roomId) ?? new Map<number, number>();
    counts.set(roomId, room.set(status, (room.get(status) ?? 0) + 1));
  }
  return [...counts].flatMap(([roomId, room]) =>
    [...room].map(([status, times]) => ({ roomId, status, times })),
  );
}

/** @throws the reason, if it is a defect: then the log has it */
function failed(reason: unknown): Pick<Refusal, 'code'> & { readonly error: string } {
  const { code, message } = toRefusal(reason);
  if (code === 'internal') throw reason;
  return { error: message, code };
}
