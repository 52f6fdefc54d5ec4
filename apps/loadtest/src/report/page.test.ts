import { expect } from 'chai';
import { madeUpResult } from '../testing/result.js';
import { checkThresholds } from '../thresholds.js';
import { reportPage } from './page.js';
import { printedResult } from './printed.js';

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert('2')">&amp;\u001b[2J`;

/** A result whose external texts are all hostile. */
function hostileResult() {
  const usual = madeUpResult();
  return madeUpResult(
    {
      connects: { ...usual.connects, failed: 1, failures: { [HOSTILE]: 1 } },
      messages: { ...usual.messages, refused: { [HOSTILE]: 1 } },
      verdict: { ...usual.verdict, lost: 3, examples: [HOSTILE] },
      closes: { [HOSTILE]: 1 },
      nodes: usual.nodes.map((node) => ({ ...node, target: HOSTILE })),
      costs: [{ name: HOSTILE, cpuMicros: 1, residentBytes: undefined }],
      tool: { ...usual.tool, node: HOSTILE, bottlenecks: [HOSTILE] },
      startedAt: HOSTILE,
      // The data has no texts today; later ones must not end the script element either.
      timeline: usual.timeline.map((moment) => ({ ...moment, note: HOSTILE })),
    },
    {},
  );
}

describe('the HTML report', () => {
  it('shows the verdict, the limits, and a table of nodes', async () => {
    const result = madeUpResult();
    const page = await reportPage(result, checkThresholds({ 'max-lost': 0 }, result), 'evening');
    for (const text of [
      '<title>Load test: evening</title>',
      'all limits hold',
      '--max-lost holds: 0, allowed: 0',
      '<td>ws://127.0.0.1:4002</td>',
      'order disagreements',
    ]) {
      expect(page).to.include(text);
    }
    expect(page).to.not.include('The tool was a bottleneck');
  });

  it('shows first that a limit is broken, or that there are violations without a limit', async () => {
    const usual = madeUpResult();
    const result = madeUpResult({ verdict: { ...usual.verdict, lost: 3 } });
    expect(await reportPage(result, checkThresholds({ 'max-lost': 0 }, result), undefined)).to.include(
      '<span class="badge bad">1 of 1 limits broken</span>',
    );
    expect(await reportPage(result, [], undefined)).to.include('<span class="badge warn">');
  });

  it('loads nothing', async () => {
    const page = await reportPage(madeUpResult(), [], undefined);
    expect(page).to.include('uPlot');
    expect(page).to.not.match(/<(script|img|link|iframe)[^>]+(src|href)=/i);
    expect(page).to.not.match(/@import|url\(/);
  });

  it('treats no name as markup', async () => {
    const page = await reportPage(hostileResult(), [], HOSTILE);
    expect(page).to.not.include('<script>alert');
    expect(page).to.not.include('<img');
    expect(page.match(/<script/g)).to.have.length(3);
    expect(page.match(/<\/script/g)).to.have.length(3);
    expect(page.split('&lt;/script&gt;&lt;script&gt;alert(1)').length - 1).to.be.greaterThan(8);
  });

  it('carries its data through the page unchanged', async () => {
    const result = madeUpResult();
    const page = await reportPage(result, [], undefined);
    const [, data = ''] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page) ?? [];
    expect(JSON.parse(data)).to.have.deep.property('timeline', JSON.parse(JSON.stringify(result.timeline)));
  });
});

describe('the printed report', () => {
  it('has the figures, and a line for each limit', () => {
    const result = madeUpResult();
    const text = printedResult(result, checkThresholds({ 'max-lost': 0, 'max-p99': 5 }, result), false);
    for (const part of ['1,000/s', 'p50 2.1 ms, p99 8.4 ms', '--max-lost holds: 0, allowed: 0']) {
      expect(text).to.include(part);
    }
    expect(text).to.include('--max-p99 is broken: 8.4 ms, allowed: 5 ms');
    expect(text).to.not.include('\u001b');
    expect(printedResult(result, [], true)).to.include('\u001b[1mVerdict');
  });

  it('lets no name move the cursor', () => {
    expect(printedResult(hostileResult(), [], false)).to.not.include('\u001b');
  });
});
