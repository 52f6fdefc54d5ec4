/**
 * When the sender's gateway received a message, in milliseconds since 1970, without reading the rest of it: within the
 * content quotes are escaped. Undefined for a message that does not say so.
 */
export function sentAtOf(body: string): number | undefined {
  const digits = /"sentAt":(\d+)/.exec(body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
