import { patiently, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { PreparedStatements } from './prepared-statements.js';

describe('values of prepared statements', function () {
  this.timeout(30_000);
  let statements: PreparedStatements;

  before(async () => {
    statements = PreparedStatements.open(await testDatabase(), { poolSize: 1, timeoutMs: patiently(10_000) });
  });
  after(() => statements.close());

  it('arrive unchanged', async () => {
    const texts = ['', 'a', '"', '\\', '\\"', '{', ',', 'NULL', ' x ', 'é\n🙂'];
    for (const [type, value, expected = value] of [
      ['text', 'a "quoted" \\ text'],
      ['text', null],
      ['text', undefined, null],
      ['bigint', 9_007_199_254_740_991],
      ['bigint', 5n, 5],
      ['boolean', true],
      ['timestamptz', new Date('2026-01-02T03:04:05.678Z')],
      ['timestamptz', new Date('+275760-09-13T00:00:00.000Z')],
      ['timestamptz', new Date('0099-01-02T03:04:05.678Z')],
      ['timestamptz', new Date('0000-01-02T03:04:05.678Z')],
      ['timestamptz', new Date('-000043-03-15T12:00:00.500Z')],
      ['bigint[]', [1, 2n], [1, 2]],
      ['bigint[]', []],
      ['text[]', texts],
      ['text[]', [...texts, null]],
      [
        'text[]',
        [
          ['a', 'b'],
          ['c', '}'],
        ],
      ],
      ['bytea', Buffer.from([0, 255, 34, 92])],
      ['bytea', new Uint8Array(Buffer.from([9, 0, 255, 9])).subarray(1, 3), Buffer.from([0, 255])],
    ] as ReadonlyArray<[string, unknown, unknown?]>) {
      const [row] = await statements.rows<{ value: unknown }>({
        text: `SELECT $1::${type} AS value`,
        values: [value],
      });
      expect(row?.value, type).to.deep.equal(expected);
    }
  });

  it('are refused if they have no text, and the connection stays', async () => {
    const pid = async (): Promise<unknown> =>
      (await statements.rows({ text: 'SELECT pg_backend_pid() AS pid', values: [] }))[0];
    const before = await pid();
    const failure = await statements
      .rows({ text: 'SELECT $1::text', values: [{}] })
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(TypeError);
    expect(await pid()).to.deep.equal(before);
  });
});
