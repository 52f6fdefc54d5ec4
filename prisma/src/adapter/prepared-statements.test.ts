import { patiently, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import pg from 'pg';
import { DatabaseWatch } from '../database-watch.js';
import { isDataRefused } from '../errors.js';
import { PreparedStatements } from './prepared-statements.js';

describe('PreparedStatements', function () {
  this.timeout(30_000);
  let statements: PreparedStatements;
  let watch: DatabaseWatch;
  let url: string;

  beforeEach(async () => {
    watch = new DatabaseWatch();
    url = await testDatabase();
    statements = PreparedStatements.open(url, { poolSize: 1, timeoutMs: patiently(1_000) }, watch);
  });
  afterEach(() => statements.close());

  const double = (value: unknown): Promise<unknown[]> =>
    statements.rows({ text: 'SELECT $1::int * 2 AS doubled', values: [value] });
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    );

  /** Texts that are prepared on the only connection. */
  const prepared = async (): Promise<string[]> => {
    const text = 'SELECT statement FROM pg_prepared_statements ORDER BY prepare_time';
    return (await statements.rows<{ statement: string }>({ text, values: [] })).map(
      ({ statement }) => statement,
    );
  };

  it('prepares a statement once per connection', async () => {
    expect(await double(1)).to.deep.equal([{ doubled: 2 }]);
    expect(await double(4)).to.deep.equal([{ doubled: 8 }]);
    expect((await prepared()).slice(0, -1)).to.deep.equal(['SELECT $1::int * 2 AS doubled']);
  });

  it('prepares a limited number of texts', async () => {
    for (let n = 0; n < 110; n++) {
      expect(await statements.rows({ text: `SELECT ${n} AS n`, values: [] })).to.deep.equal([{ n }]);
    }
    expect(await prepared()).to.have.length(100);
  });

  it('returns 64-bit numbers and arrays of them as numbers', async () => {
    const text = `SELECT 1767225600000::bigint AS epoch, '{}'::bigint[] AS none, '{1,2}'::bigint[] AS some,
      timestamptz '2026-01-01 00:00:00Z' AS at, '{"a":1}'::json AS json, NULL::bigint AS nothing`;
    const [row] = await statements.rows({ text, values: [] });
    expect(row).to.deep.equal({
      ...{ epoch: 1_767_225_600_000, none: [], some: [1, 2], nothing: null },
      ...{ at: new Date('2026-01-01T00:00:00Z'), json: { a: 1 } },
    });
  });

  it('prepares a statement again after a migration has changed a type of its result', async () => {
    const run = (text: string) => statements.rows({ text, values: [] });
    await run('CREATE TABLE counts (n int)');
    await run('INSERT INTO counts VALUES (1)');
    expect(await run('SELECT n FROM counts')).to.deep.equal([{ n: 1 }]);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('ALTER TABLE counts ALTER n TYPE text');
    } finally {
      await client.end();
    }
    expect(await run('SELECT n FROM counts')).to.deep.equal([{ n: '1' }]);
    expect(await run('SELECT n FROM counts')).to.deep.equal([{ n: '1' }]);
    expect(watch.errors).to.equal(0);
  });

  it('distinguishes refused values from an unavailable database, and reports only the latter to its watch', async () => {
    expect(isDataRefused(await failure(double('x')))).to.equal(true);
    expect(watch.errors).to.equal(0);
    const ended = await failure(
      statements.rows({ text: 'SELECT pg_terminate_backend(pg_backend_pid())', values: [] }),
    );
    expect(ended).to.be.instanceOf(Error);
    expect(isDataRefused(ended)).to.equal(false);
    expect(watch.errors).to.equal(1);
    expect(await double(2), 'over a new connection').to.deep.equal([{ doubled: 4 }]);
  });

  it('gives up a statement that takes too long', async () => {
    expect(await failure(statements.rows({ text: 'SELECT pg_sleep(20)', values: [] }))).to.be.instanceOf(
      Error,
    );
    expect(await double(3)).to.deep.equal([{ doubled: 6 }]);
  });
});
