import { testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { DatabaseWatch } from '../database-watch.js';
import { isDataRefused } from '../errors.js';
import { PreparedStatements } from './prepared-statements.js';

describe('PreparedStatements', function () {
  this.timeout(30_000);
  let statements: PreparedStatements;
  let watch: DatabaseWatch;

  beforeEach(async () => {
    watch = new DatabaseWatch();
    statements = new PreparedStatements(await testDatabase(), { poolSize: 1, timeoutMs: 1_000 }, watch);
  });
  afterEach(() => statements.close());

  const double = (value: unknown): Promise<unknown[]> =>
    statements.query('double', 'SELECT $1::int * 2 AS doubled', [value]);
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('plans a statement once per connection', async () => {
    expect(await double(1)).to.deep.equal([{ doubled: 2 }]);
    expect(await double(4)).to.deep.equal([{ doubled: 8 }]);
    const plans = await statements.query(
      'plans',
      'SELECT name FROM pg_prepared_statements ORDER BY name',
      [],
    );
    expect(plans).to.deep.equal([{ name: 'double' }, { name: 'plans' }]);
  });

  it('distinguishes refused values from an unavailable database, and reports only the latter to its watch', async () => {
    expect(isDataRefused(await failure(double('x')))).to.equal(true);
    expect(watch.errors).to.equal(0);
    const ended = await failure(statements.query('end', 'SELECT pg_terminate_backend(pg_backend_pid())', []));
    expect(ended).to.be.instanceOf(Error);
    expect(isDataRefused(ended)).to.equal(false);
    expect(watch.errors).to.equal(1);
    expect(await double(2), 'over a new connection').to.deep.equal([{ doubled: 4 }]);
  });

  it('gives up a statement that takes too long', async () => {
    expect(await failure(statements.query('sleep', 'SELECT pg_sleep(20)', []))).to.be.instanceOf(Error);
    expect(await double(3)).to.deep.equal([{ doubled: 6 }]);
  });
});
