import { call, type RedisClient, UnavailableError } from '@chorus/redis';
import { type AccessChange, type AccessChanges, readBanKey } from '../access-list.js';
import { COMPLETE, type ControlKeys, RESTORING } from './keys.js';
import type { LogEntry } from './scripts.js';

/** Changes per call, and entries per page. */
const AT_ONCE = 500;

/** The access list as copies of it read it: the log of its changes, and all of its entries. */
export class RedisAccessLog {
  constructor(
    private readonly redis: RedisClient,
    private readonly keys: ControlKeys,
  ) {}

  /** See `AccessList.changesAfter`. */
  async changesAfter(position: string | undefined): Promise<AccessChanges | undefined> {
    const [complete, first, ...entries] = await call(() =>
      this.redis.chorusAccessChanges(
        2,
        this.keys.accessLog(),
        this.keys.bans(),
        position ?? '',
        COMPLETE,
        AT_ONCE,
      ),
    );
    if (complete !== 1) throw new UnavailableError('the bans are not complete yet');
    if (first === null) return undefined;
    const present = typeof first === 'string' ? first : first[0];
    return { changes: entries.flatMap(readEntry), position: entries.at(-1)?.[0] ?? present };
  }

  /** See `AccessList.entries`. */
  async *entries(): AsyncGenerator<readonly AccessChange[]> {
    yield* this.#bans();
    yield* this.#revocations();
  }

  async *#bans(): AsyncGenerator<readonly AccessChange[]> {
    let cursor = '0';
    do {
      const at = cursor;
      const [next, flat] = await call(() => this.redis.hscan(this.keys.bans(), at, 'COUNT', AT_ONCE));
      yield pairs(flat).flatMap(([field, end]) =>
        field === COMPLETE || field === RESTORING ? [] : [banned(field, end)],
      );
      cursor = next;
    } while (cursor !== '0');
  }

  /** In ascending order of expiry; those of one millisecond are counted, as a page may end among them. */
  async *#revocations(): AsyncGenerator<readonly AccessChange[]> {
    let from = '-inf';
    let passed = 0;
    for (;;) {
      const [score, skip] = [from, passed];
      const flat = await call(() =>
        this.redis.zrangebyscore(this.keys.revoked(), score, '+inf', 'WITHSCORES', 'LIMIT', skip, AT_ONCE),
      );
      const page = pairs(flat);
      yield page.map(([tokenId, end]) => ({ type: 'revoked', tokenId, expiresAt: Number(end) }));
      const last = page.at(-1)?.[1];
      if (last === undefined || page.length < AT_ONCE) return;
      const equal = page.filter(([, end]) => end === last).length;
      passed = last === from ? passed + equal : equal;
      from = last;
    }
  }
}

function readEntry([, fields]: LogEntry): AccessChange[] {
  const [, kind, , id = '', , end = ''] = fields;
  switch (kind) {
    case 't':
      return [{ type: 'revoked', tokenId: id, expiresAt: Number(end) }];
    case 'b':
      return [banned(id, end)];
    case 'l':
      return [{ type: 'lifted', ban: readBanKey(id) }];
    default:
      return [];
  }
}

function banned(field: string, end: string): AccessChange {
  return { type: 'banned', ban: { ...readBanKey(field), until: end === '' ? undefined : Number(end) } };
}

function pairs(flat: readonly string[]): Array<[string, string]> {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}
