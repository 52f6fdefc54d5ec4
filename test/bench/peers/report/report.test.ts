import { expect } from 'chai';
import type { Sample } from '../measurements/measurement.js';
import type { MeasurementRounds } from '../rounds.js';
import { renderChart } from './chart.js';
import { median, summarise } from './summary.js';
import { renderTable } from './table.js';

const sample = (micros: number | undefined, ...marks: string[]): Sample => ({
  figures: { 'µs/delivery': micros, lost: 0 },
  marks,
});

const MEASURED: MeasurementRounds = {
  name: '10x100',
  title: '10 rooms of 100 <b>',
  compares: 'µs/delivery',
  moreIsBetter: false,
  systems: [
    { system: 'floor', title: 'bare', samples: [sample(10), sample(30), sample(12)], failures: [] },
    {
      system: 'chorus',
      title: 'Chorus',
      samples: [sample(9), sample(6, '4 of 9 lost'), sample(8)],
      failures: [],
    },
    { system: 'ws', title: 'ws', samples: [], failures: ['it did not start'] },
  ],
};

describe('report of a comparison', () => {
  it('takes the median, which one odd round does not move', () => {
    expect(median([10, 30, 12])).to.equal(12);
    expect(median([4, undefined, 2])).to.equal(3);
    expect(median([undefined])).to.equal(undefined);
  });

  it('compares medians of the same run', () => {
    const [floor, chorus, ws] = summarise(MEASURED, ['floor', 'socket.io']).systems;
    expect(floor?.ratios).to.deep.equal({ floor: 1, 'socket.io': undefined });
    expect(chorus?.figures).to.deep.equal({ 'µs/delivery': 8, lost: 0 });
    expect(chorus?.ratios.floor).to.be.closeTo(8 / 12, 1e-9);
    expect(ws?.ratios.floor).to.equal(undefined);
  });

  it('marks a round with misleading figures, and a failed one', () => {
    const [floor, chorus, ws] = summarise(MEASURED, ['floor']).systems;
    expect(floor?.marks).to.deep.equal([]);
    expect(chorus?.marks).to.deep.equal(['4 of 9 lost (round 2)']);
    expect(ws?.marks).to.deep.equal(['failed: it did not start']);
    const table = renderTable(summarise(MEASURED, ['floor']));
    expect(table).to.include('| bare ').and.include('| Chorus \\*').and.include('0.67');
    expect(table).to.include('\\* Chorus: 4 of 9 lost (round 2)');
    expect(table).to.not.include('\\* bare');
  });

  it('draws a bar for each system, the longest for the largest', () => {
    const svg = renderChart([summarise(MEASURED, ['floor'])], ['a machine']);
    const widths = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths).to.have.length(3);
    expect((widths[1] ?? 0) / (widths[0] ?? 1)).to.be.closeTo(8 / 12, 0.01);
    expect(svg).to.include('10 rooms of 100 &lt;b&gt;').and.not.include('<b>');
    expect(svg).to.include('>8 *<').and.include('>12<');
  });
});
