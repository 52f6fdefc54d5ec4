import { ConfigError } from '@chorus/service';
import { z } from 'zod';

/** Where mails are sent, and what they name. */
export interface MailConfig {
  /** URL of the mail server, with user and password if it wants them. */
  readonly smtpUrl: string;
  readonly from: string;
  /** URL at which users reach Chorus, without a slash at its end. */
  readonly publicUrl: string;
}

export const mailSettings = {
  SMTP_URL: z
    .string()
    .optional()
    .describe(
      'URL of the mail server, such as `smtps://user:password@mail.example.com`. With it users get mails with reset links. Needs `MAIL_FROM` and `PUBLIC_URL`.',
    ),
  MAIL_FROM: z
    .string()
    .optional()
    .describe('Sender of mails, such as `Chat <chat@example.com>`. Needed with `SMTP_URL`.'),
  PUBLIC_URL: z
    .string()
    .optional()
    .describe('URL at which users reach Chorus, for links in mails, such as `https://chat.example.com`.'),
};

/** The setting may have a password. */
export const MAIL_SECRETS = ['SMTP_URL'] as const;

/** An address, or a name and an address in angle brackets. No line breaks, which would begin another header. */
const SENDER = /^(?:[^<>\p{Cc}]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u;

/** @returns undefined without a mail server @throws {ConfigError} */
export function mailConfig(settings: {
  readonly SMTP_URL?: string | undefined;
  readonly MAIL_FROM?: string | undefined;
  readonly PUBLIC_URL?: string | undefined;
}): MailConfig | undefined {
  const { SMTP_URL: smtpUrl = '', MAIL_FROM: from = '', PUBLIC_URL: publicUrl = '' } = settings;
  if (smtpUrl === '') return undefined;
  if (!isUrl(smtpUrl, ['smtp:', 'smtps:'])) {
    throw new ConfigError('SMTP_URL is not valid: it must be a URL that begins with smtp:// or smtps://');
  }
  if (from === '') throw new ConfigError('MAIL_FROM is not set: SMTP_URL needs it');
  if (!SENDER.test(from)) {
    throw new ConfigError(
      `MAIL_FROM=${JSON.stringify(from)} is not valid: it must be an e-mail address, or a name and <address>`,
    );
  }
  if (publicUrl === '') throw new ConfigError('PUBLIC_URL is not set: SMTP_URL needs it, for links in mails');
  if (!isUrl(publicUrl, ['http:', 'https:'])) {
    throw new ConfigError(
      `PUBLIC_URL=${JSON.stringify(publicUrl)} is not valid: it must be a URL that begins with https:// or http://`,
    );
  }
  return { smtpUrl, from, publicUrl: publicUrl.replace(/\/+$/, '') };
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && protocols.includes(url.protocol) && url.hostname !== '' && url.hash === '';
}
