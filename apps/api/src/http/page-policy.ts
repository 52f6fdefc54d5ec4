/** No string becomes markup or script. For pages that show texts of users. */
export const TRUSTED_TYPES = { 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" };

/**
 * Returns the Content-Security-Policy of a page: it may load its own files and call its own host only, and no other
 * page may frame it.
 * @param changes directives that this page adds or replaces
 */
export function pagePolicy(changes: Readonly<Record<string, string>>): string {
  const directives = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...changes,
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
