import { Refusal } from '@chorus/protocol';
import { z } from 'zod';
import { clientAddress } from '../../http/client-address.js';
import { operation } from '../../http/operation.js';
import { emailKey, forgotPasswordInput } from '../account-inputs.js';
import type { AuthServices } from '../dependencies.js';
import { requirePasswords } from '../passwords/require-passwords.js';
import { accountKey } from '../rate-limits/rate-limits.js';

/** Stores the request for a mail. Only the sender of the mail looks for the account, so neither the answer nor its time shows whether there is one. */
export const forgotPassword = operation(
  {
    id: 'forgotPassword',
    summary: 'Get a reset link by mail',
    description: 'The answer is the same whether or not there is an account with the address.',
    access: 'anyone',
    body: forgotPasswordInput,
    answer: {
      status: 202,
      description: 'If there is an account with the address, it gets a mail.',
      body: z.object({ email: z.string() }),
    },
    errors: {
      403: '`AUTH_PASSWORDS` is off, or `SMTP_URL` is not set.',
      429: 'Too many requests with this e-mail address, or from this address.',
    },
  },
  (services: AuthServices) => {
    const { limits, mails } = services;
    return async (ctx, { body: { email } }) => {
      requirePasswords(services);
      if (mails === undefined) throw new Refusal('mail_disabled');
      await limits.mailAddress.count(clientAddress(ctx));
      await limits.mailAccount.count(accountKey(emailKey(email)));
      await mails.add(email);
      return { email };
    };
  },
);
