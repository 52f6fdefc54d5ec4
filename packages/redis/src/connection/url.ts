/** Path of a Redis URL that names a database. */
const DATABASE = /^(0|[1-9]\d{0,8})?$/;

/** Why a Redis URL cannot be used; undefined if it can. */
export function redisUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be redis:// or rediss:// URLs';
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return 'must be redis:// or rediss:// URLs';
  if (!DATABASE.test(url.pathname.slice(1)) || url.searchParams.has('db')) {
    return 'the path of a URL is the number of a database, such as redis://127.0.0.1:6379/1';
  }
  if (url.hash !== '') return 'a # in a URL must be written %23';
  const [parameter] = url.searchParams.keys();
  // The library would accept any of its options from there.
  if (parameter !== undefined)
    return `${JSON.stringify(parameter)} is no parameter that is read: there are none`;
  return undefined;
}

/** Whether seed nodes agree in TLS, user and password: those of the first one apply to every node. */
export function seedsAgree(urls: readonly string[]): boolean {
  const shared = urls.map((text) => {
    const { protocol, username, password } = new URL(text);
    return JSON.stringify([protocol, username, password]);
  });
  return new Set(shared).size <= 1;
}

/** Number of the database that connections to these URLs use. The URLs have no {@link redisUrlProblem}. */
export function redisDatabase({ urls }: { readonly urls: readonly string[] }): number {
  return Number(new URL(urls[0] ?? 'redis://localhost').pathname.slice(1));
}
