/**
 * Returns the time at which the sender's gateway received a message, in milliseconds since 1970, without parsing the
 * whole body: within the content, quotes are escaped. Undefined for a message without that field.
 */
export function sentAtOf(body: string): number | undefined {
  const digits = /"sentAt":(\d+)/.exec(body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
