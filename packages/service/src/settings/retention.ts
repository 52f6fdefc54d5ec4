import { integer } from './config.js';

/** For how long messages are kept. The API, gateways, archivers and dispatchers need the same value. */
export const retentionSettings = {
  RETENTION_DAYS: integer(0, 36_500)
    .default(0)
    .describe(
      'Age in days from which messages are not served any more and are removed; 0 keeps them for ever. Rooms can have a shorter time of their own. The API, gateways, archivers and dispatchers need the same value.',
    ),
};

/** Days for which messages are kept; undefined for ever. */
export function retentionDays(settings: { readonly RETENTION_DAYS: number }): number | undefined {
  return settings.RETENTION_DAYS === 0 ? undefined : settings.RETENTION_DAYS;
}
