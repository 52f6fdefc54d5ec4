import { expect } from 'chai';
import { MetricsText } from '../support/metrics.js';
import { documentedMetrics, expectDocumented } from './metrics-page.js';

const text = (service: string): string =>
  [...documentedMetrics(service)]
    .map(([name, { type, labels }]) => {
      const given = [...labels].map((label) => `${label}="x"`).join(',');
      return `# HELP ${name} Something.\n# TYPE ${name} ${type}\n${name}${given === '' ? '' : `{${given}}`} 1\n`;
    })
    .join('');

describe('the check of the metrics page', () => {
  it('accepts what says exactly what the page says', () => {
    expect(documentedMetrics('gateway').size).to.be.above(40);
    expectDocumented(new MetricsText(text('gateway')), ['gateway']);
  });

  it('finds what is not documented, not said, of another type, or with other labels', () => {
    const right = text('gateway');
    for (const wrong of [
      `${right}# TYPE chorus_new gauge\nchorus_new 1\n`,
      right.replace(/# TYPE chorus_gateway_rooms gauge\n.*\n/, ''),
      right.replace('# TYPE chorus_gateway_rooms gauge', '# TYPE chorus_gateway_rooms counter'),
      right.replace('chorus_gateway_rooms 1', 'chorus_gateway_rooms{room="7"} 1'),
    ]) {
      expect(wrong).not.to.equal(right);
      expect(() => expectDocumented(new MetricsText(wrong), ['gateway'])).to.throw();
    }
  });
});
