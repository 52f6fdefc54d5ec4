import { memberSchema, positionSchema } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../../http/schemas.js';
import type { Report } from './repository.js';

export const reportJson = named(
  'Report',
  z.object({
    id: z.int().positive(),
    message: positionSchema.describe('Position of the message.'),
    reporter: memberSchema.describe('The user who reported it.'),
    reason: z.string(),
    reportedAt: writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' }),
  }),
);

export const reportPageJson = named(
  'ReportPage',
  z.object({
    reports: z.array(reportJson).describe('In ascending order of id.'),
    nextCursor: z
      .int()
      .positive()
      .nullable()
      .describe('Value of `cursor` for the next page; null on the last page.'),
  }),
);

export function reportForUser({ reportedAt, ...report }: Report): z.input<typeof reportJson> {
  return { ...report, reportedAt: reportedAt.toISOString() };
}
