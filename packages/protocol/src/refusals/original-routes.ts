/** Routes of the original service. A trailing slash and letter case make no difference, as in the router. */
const ORIGINAL_ROUTES: ReadonlyMap<string, RegExp> = new Map([
  ['POST', /^\/(?:api\/users\/(?:signup|signin)|ws\/create-room)\/?$/i],
  ['GET', /^\/(?:api\/users\/logout|ws\/(?:join-room\/[^/]+|get-rooms|get-clients(?:\/[^/]+)?))\/?$/i],
]);

/**
 * Whether a request is for a route of the original service, whose contract fixes the body of every failure to
 * `{"error"}` alone.
 *
 * @param request `path` without the query
 */
export function isOriginalRoute({
  method,
  path,
}: {
  readonly method: string;
  readonly path: string;
}): boolean {
  return ORIGINAL_ROUTES.get(method === 'HEAD' ? 'GET' : method)?.test(path) === true;
}
