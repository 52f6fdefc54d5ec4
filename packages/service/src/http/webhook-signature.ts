import { createHmac, type KeyObject } from 'node:crypto';

/**
 * Returns a signature as Standard Webhooks defines it (https://github.com/standard-webhooks/standard-webhooks, version 1).
 * @param key the bytes of the secret, without `whsec_`
 * @param id `webhook-id` of the request
 * @param timestamp `webhook-timestamp` of the request, in seconds since 1970
 */
export function webhookSignature(
  key: KeyObject | Uint8Array,
  id: string,
  timestamp: string,
  body: string,
): string {
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`);
  return `v1,${hmac.digest('base64')}`;
}
