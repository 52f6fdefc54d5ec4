import { isAddressRange } from '../http/allowed-addresses.js';
import { list } from './config.js';

/** Where webhooks may be sent. The API refuses other URLs, and dispatchers connect to no other address. */
export const webhookAddressSettings = {
  WEBHOOK_ALLOW_ADDRESSES: list()
    .refine((ranges) => ranges.every(isAddressRange), 'must be a list of address ranges such as 10.0.0.0/8')
    .default([])
    .describe(
      'Ranges of addresses that are not public and to which webhooks may be sent all the same, such as `10.0.0.0/8`, separated by commas. The API and dispatchers need the same value.',
    ),
};
