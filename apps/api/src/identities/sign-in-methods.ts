import { z } from 'zod';
import type { AuthServices } from '../auth/dependencies.js';
import { operation } from '../http/operation.js';
import { named } from '../http/schemas.js';

const methods = named(
  'SignInMethods',
  z
    .object({
      passwords: z.boolean().describe('Whether users may sign up and in with a password.'),
      providers: z
        .array(
          z.object({
            issuer: z.string(),
            name: z.string().describe('Name for people.'),
            clientId: z.string(),
            authorizationUrl: z.string(),
            tokenUrl: z.string(),
            scope: z.string(),
          }),
        )
        .describe(
          'Identity providers by which the chat page signs in: authorization code with PKCE (RFC 7636).',
        ),
    })
    .describe('How users may sign in.'),
);

/** Tells pages what to offer to users. */
export const signInMethods = operation(
  {
    id: 'signInMethods',
    summary: 'List the ways to sign in',
    access: 'anyone',
    answer: { status: 200, description: 'The ways to sign in.', body: methods },
  },
  ({ passwordsOn, issuers }: AuthServices) => {
    const providers = issuers.flatMap(({ issuer, page }) =>
      page === undefined ? [] : [{ issuer, ...page }],
    );
    return () => ({ passwords: passwordsOn, providers });
  },
);
