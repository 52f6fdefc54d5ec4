import { Metrics } from '@chorus/service';
import { eventually, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { Audit } from './audit.js';
import type { AuditEntry, AuditedAction } from './audit-entry.js';

const ACTION: AuditedAction = {
  ...{ keyId: 'k', actingUserId: 7, action: 'sendMessage', roomId: 1, userId: undefined, target: undefined },
  ...{ status: 201, requestId: 'r' },
};

/** Longer than any test. */
const NEVER_MS = 600_000;

describe('the audit', function () {
  this.timeout(60_000);
  let stored: AuditEntry[];
  let statements: number;
  let failure: Error | undefined;
  let metrics: Metrics;
  let audit: Audit;

  /** Like PostgreSQL: an entry that is stored again changes nothing. */
  const insert = async (entries: readonly AuditEntry[]): Promise<void> => {
    statements++;
    if (failure !== undefined) throw failure;
    const known = new Set(stored.map(({ id }) => id));
    stored.push(...entries.filter(({ id }) => !known.has(id)));
  };
  const start = (countedMs: number): void => {
    metrics = new Metrics();
    audit = new Audit({ entries: { insert }, metrics, log: silentLog, countedMs });
    audit.start();
  };
  const value = async (series: string): Promise<number> =>
    Number(
      (await metrics.text())
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );

  beforeEach(() => {
    stored = [];
    statements = 0;
    failure = undefined;
    start(NEVER_MS);
  });
  afterEach(() => audit.close());

  it('has a recorded action when it resolves, and stores many at a time', async () => {
    const recording = Array.from({ length: 500 }, (_, n) => audit.record({ ...ACTION, roomId: n }));
    await Promise.all(recording);
    expect(stored.map(({ roomId }) => roomId)).to.have.members(recording.map((_, n) => n));
    expect(statements).to.be.at.most(10);
    expect(await value('chorus_api_audit_entries_total{outcome="stored"}')).to.equal(500);
  });

  it('counts what is alike, and stores the counts after their time', async () => {
    await audit.close();
    start(50);
    for (let n = 0; n < 30; n++) audit.count({ ...ACTION, requestId: String(n) });
    audit.count({ ...ACTION, roomId: 2 }, 5);
    audit.count({ ...ACTION, status: 429 });
    await eventually(async () => expect(stored).to.have.length(3));
    expect(
      stored.map(({ roomId, status, count, requestId }) => [roomId, status, count, requestId]),
    ).to.deep.equal([
      [1, 201, 30, '0'],
      [2, 201, 5, 'r'],
      [1, 429, 1, 'r'],
    ]);
    audit.count(ACTION);
    await eventually(async () => expect(stored).to.have.length(4));
  });

  it('stores the counts when it closes', async () => {
    audit.count(ACTION, 3);
    await audit.close();
    expect(stored.map(({ count }) => count)).to.deep.equal([3]);
  });

  it('has bounded memory: beyond 1,000 groups it counts the actions of a key together', async () => {
    for (let roomId = 1; roomId <= 5_000; roomId++) audit.count({ ...ACTION, roomId }, 2);
    audit.count({ ...ACTION, roomId: 1 });
    await audit.close();
    expect(stored).to.have.length(1_001);
    const { roomId, actingUserId, keyId, count } = stored.at(-1) as AuditEntry;
    expect([roomId, actingUserId, keyId, count]).to.deep.equal([undefined, undefined, 'k', 8_000]);
    expect(stored.reduce((sum, entry) => sum + entry.count, 0)).to.equal(10_001);
  });

  it('keeps what it cannot store and does not hold up requests for long, and stores it once when that works', async () => {
    failure = new Error('PostgreSQL is away');
    await audit.record(ACTION);
    await audit.record({ ...ACTION, roomId: 2 });
    expect(stored).to.deep.equal([]);
    expect(await value('chorus_api_audit_entries_waiting')).to.equal(2);
    failure = undefined;
    await eventually(async () => expect(await value('chorus_api_audit_entries_waiting')).to.equal(0));
    expect(stored.map(({ roomId }) => roomId)).to.deep.equal([1, 2]);
  });

  it('loses what is beyond 10,000 entries, and tells how many', async () => {
    failure = new Error('PostgreSQL is away');
    await Promise.all(Array.from({ length: 10_003 }, () => audit.record(ACTION)));
    expect(await value('chorus_api_audit_entries_waiting')).to.equal(10_000);
    expect(await value('chorus_api_audit_entries_total{outcome="lost"}')).to.equal(3);
    failure = undefined;
    await audit.record(ACTION);
    await eventually(async () => expect(await value('chorus_api_audit_entries_waiting')).to.equal(0));
  });

  it('does not hold up a request while PostgreSQL hangs', async () => {
    let answer = (): void => {};
    const hanging = new Audit({
      entries: { insert: () => new Promise<void>((resolve) => (answer = resolve)) },
      metrics: new Metrics(),
      log: silentLog,
    });
    hanging.start();
    await hanging.record(ACTION);
    answer();
    await hanging.close();
  });
});
