import { KEY_ID } from '@chorus/auth';
import { idSchema } from '@chorus/protocol';
import { z } from 'zod';
import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { limit } from '../rooms/inputs.js';
import type { AuditPlace, AuditRepository, ListedAuditEntry } from './audit-repository.js';

const TIME = 'must be a time such as 2026-01-31T12:00:00Z';
const time = z.iso.datetime({ offset: true, error: TIME }).transform((text) => new Date(text));
const CURSOR = 'must be the nextCursor of a page';

const listAuditInput = z.strictObject({
  by: z.enum(['key', 'operator'], 'must be key or operator').optional(),
  keyId: z.string().regex(KEY_ID, 'must be the id of a key: 12 letters and digits').optional(),
  userId: idSchema.optional(),
  roomId: idSchema.optional(),
  action: z
    .string()
    .regex(/^[A-Za-z]{1,64}$/, 'must be the id of an operation, such as createRoom')
    .optional(),
  since: time.optional(),
  until: time.optional(),
  cursor: z
    .string()
    .regex(/^\d{1,14}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, CURSOR)
    .transform(placeOf)
    .optional(),
  limit,
});

/** Lists what API keys and operators did, newest first. */
export function listAudit({ auditEntries }: { auditEntries: Pick<AuditRepository, 'list'> }): Handler {
  return async (ctx) => {
    const { cursor, limit, ...filter } = parseInput(listAuditInput, ctx.query);
    // One more than requested shows whether there are more.
    const found = await auditEntries.list(filter, cursor, limit + 1);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    ctx.body = { entries: page.map(entryJson), nextCursor: last ? cursorOf(last) : null };
  };
}

function entryJson({ at, keyId, ...entry }: ListedAuditEntry) {
  return { at: at.toISOString(), by: keyId === null ? 'operator' : 'key', keyId, ...entry };
}

function cursorOf({ at, id }: AuditPlace): string {
  return `${at.getTime()}_${id}`;
}

function placeOf(text: string): AuditPlace {
  const [at, id = ''] = text.split('_');
  return { at: new Date(Number(at)), id };
}
