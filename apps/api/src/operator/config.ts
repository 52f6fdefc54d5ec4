import { MIN_SECRET_BYTES } from '@chorus/auth';
import { ConfigError, operatorPortSettings } from '@chorus/service';
import { z } from 'zod';

/** Settings of the operator port, and of the operator API on it, which is off without a token. */
export const operatorSettings = {
  ...operatorPortSettings,
  OPERATOR_TOKEN: z
    .string()
    .optional()
    .describe(
      `Token that operators send as \`Authorization: Bearer …\`; at least ${MIN_SECRET_BYTES} bytes in production. Needs \`OPERATOR_PORT\`; without it there is no operator API.`,
    ),
};

export interface OperatorConfig {
  readonly port: number;
  /** Undefined: the port has metrics and health only. */
  readonly token: string | undefined;
  /** Warnings for the operator, one log line each. */
  readonly warnings: readonly string[];
}

/**
 * @returns undefined without an operator port
 * @throws {ConfigError} a token without a port, or one that is too short for production
 */
export function operatorConfig(settings: {
  NODE_ENV?: string | undefined;
  OPERATOR_PORT?: number | undefined;
  OPERATOR_TOKEN?: string | undefined;
}): OperatorConfig | undefined {
  const { OPERATOR_PORT: port, OPERATOR_TOKEN: token } = settings;
  if (port === undefined && token === undefined) return undefined;
  if (port === undefined)
    throw new ConfigError('OPERATOR_PORT is not set: OPERATOR_TOKEN has no use without it');
  if (token === undefined) return { port, token, warnings: [] };
  if (/[^\x21-\x7e]/.test(token)) {
    throw new ConfigError(
      'OPERATOR_TOKEN is not valid: must be printable ASCII without blanks, to fit into a header',
    );
  }
  if (Buffer.byteLength(token) >= MIN_SECRET_BYTES) return { port, token, warnings: [] };
  const problem = 'OPERATOR_TOKEN is too short';
  if (settings.NODE_ENV === 'production') {
    throw new ConfigError(`${problem}: in production it must be at least ${MIN_SECRET_BYTES} bytes long`);
  }
  return { port, token, warnings: [`${problem} for production`] };
}
