import { expect } from 'chai';
import { rowReader } from './column-types.js';

const TIMESTAMPTZ = 1184;

describe('rowReader', () => {
  const time = (text: string): unknown =>
    rowReader<{ at: unknown }>([
      {
        name: 'at',
        dataTypeID: TIMESTAMPTZ,
        tableID: 0,
        columnID: 0,
        dataTypeSize: 8,
        dataTypeModifier: -1,
        format: 'text',
      },
    ])([text]).at;

  it('reads times as PostgreSQL writes them, without microseconds', () => {
    for (const [text, iso] of [
      ['2026-01-02 03:04:05+00', '2026-01-02T03:04:05.000Z'],
      ['2026-12-31 23:59:59.1+00', '2026-12-31T23:59:59.100Z'],
      ['2026-12-31 23:59:59.01+00', '2026-12-31T23:59:59.010Z'],
      ['2026-12-31 23:59:59.123999+00', '2026-12-31T23:59:59.123Z'],
      ['2026-01-02 03:04:05+02', '2026-01-02T01:04:05.000Z'],
      ['1969-12-31 23:59:59.5+00', '1969-12-31T23:59:59.500Z'],
      ['0099-01-02 03:04:05+00', '0099-01-02T03:04:05.000Z'],
      ['12026-01-02 03:04:05+00', '+012026-01-02T03:04:05.000Z'],
      ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
    ]) {
      expect((time(text ?? '') as Date).toISOString(), text).to.equal(iso);
    }
    expect(time('infinity')).to.equal(Number.POSITIVE_INFINITY);
  });
});
