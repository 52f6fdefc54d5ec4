import { expect } from 'chai';
import { bytes, count, duration, milliseconds, percent, plural, rate } from './format.js';

describe('figures on the operator page', () => {
  it('show large counts in groups, and low rates with a decimal', () => {
    expect(count(1234567)).to.equal('1,234,567');
    expect([rate(0), rate(2.34), rate(9.96), rate(1234.5)]).to.deep.equal(['0', '2.3', '10', '1,235']);
  });

  it('show bytes with their unit', () => {
    expect([0, 999, 1_500, 63_400_000, 999_600, 2_300_000_000].map(bytes)).to.deep.equal([
      '0 B',
      '999 B',
      '1.5 KB',
      '63 MB',
      '1 MB',
      '2.3 GB',
    ]);
  });

  it('show times in fitting units', () => {
    expect([0.26, 9.9, 12.4, 1_234].map(milliseconds)).to.deep.equal(['0.3 ms', '9.9 ms', '12 ms', '1.2 s']);
    expect([0, 59_999, 61_000, 7_260_000, 183_600_000, -5].map(duration)).to.deep.equal([
      '0 s',
      '59 s',
      '1 min 1 s',
      '2 h 1 min',
      '2 d 3 h',
      '0 s',
    ]);
  });

  it('show shares in per cent, and a single item in the singular', () => {
    expect(percent(0.256)).to.equal('26 %');
    expect([plural(1, 'connection'), plural(1_000, 'connection')]).to.deep.equal([
      '1 connection',
      '1,000 connections',
    ]);
  });

  it('show a dash for what a node of an older version does not report', () => {
    const shown = [count, rate, bytes, milliseconds, percent].map((format) => format(undefined));
    expect(new Set([...shown, milliseconds(null)])).to.deep.equal(new Set(['–']));
  });
});
