/** No string becomes markup or script, whatever somebody wrote: of pages that show what people say. */
export const TRUSTED_TYPES = { 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" };

/**
 * The Content-Security-Policy of a page: it may load its own files and ask its own host, and nothing else, and no other
 * page may frame it.
 * @param changes directives that this page needs otherwise, or beside these
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
