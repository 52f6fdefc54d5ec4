import { z } from 'zod';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';

const document = named(
  'Document',
  z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }).describe('An OpenAPI 3.1 document.'),
);

export interface DocumentServices {
  /** Returns the OpenAPI document. */
  readonly document: () => z.input<typeof document>;
}

export const getDocument = operation(
  {
    id: 'getDocument',
    summary: 'Get this document',
    description: '`/api/docs` shows it as a page.',
    access: 'anyone',
    answer: { status: 200, description: 'This document.', body: document },
  },
  ({ document }: DocumentServices) =>
    () =>
      document(),
);
