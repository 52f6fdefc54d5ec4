import { expect } from 'chai';
import { madeUpLatency, madeUpResult } from './testing/result.js';
import { checkThresholds, describeOutcome, THRESHOLDS } from './thresholds.js';

describe('limits of a run', () => {
  const good = madeUpResult();
  const { verdict, messages, connects, resumes } = good;

  it('hold up to the figure itself, and break above it', () => {
    const bad = madeUpResult({
      verdict: { ...verdict, lost: 1, duplicated: 2, outOfOrder: 3, orderDisagreements: 4, strays: 11 },
      messages: {
        ...messages,
        delivered: 1_200,
        deliveryMs: { ...madeUpLatency(9, 1), p50: 5, p99: 6, p999: 7 },
        ackMs: { ...madeUpLatency(9, 1), p99: 8 },
      },
      connects: { ...connects, failed: 9 },
      resumes: { ...resumes, unrecovered: 4, failed: 6 },
    });
    const measured = {
      'max-lost': 1,
      'max-duplicated': 2,
      'max-out-of-order': 3,
      'max-disagreements': 4,
      'max-strays': 11,
      'max-p50': 5,
      'max-p99': 6,
      'max-p999': 7,
      'max-ack-p99': 8,
      'max-connect-failures': 9,
      'max-unrecovered': 10,
      'min-delivered-rate': 100,
    };
    expect(Object.keys(measured)).to.have.members(THRESHOLDS.map(({ name }) => name));
    for (const [name, value] of Object.entries(measured)) {
      const beyond = name.startsWith('min-') ? 0.5 : -0.5;
      const [kept] = checkThresholds({ [name]: value }, bad);
      const [broken] = checkThresholds({ [name]: value + beyond }, bad);
      expect(kept, name).to.include({ name, measured: value, holds: true });
      expect(broken, name).to.include({ name, holds: false });
    }
  });

  it('are broken by a run in which nothing was measured', () => {
    const silent = madeUpResult({
      messages: { ...messages, delivered: 0, deliveryMs: undefined },
      verdict: { ...verdict, expected: 0, delivered: 0 },
    });
    const outcomes = checkThresholds({ 'max-lost': 0, 'max-p99': 50, 'min-delivered-rate': 1 }, silent);
    expect(outcomes.map(({ holds }) => holds)).to.deep.equal([false, false, false]);
    expect(outcomes.map(describeOutcome)).to.deep.equal([
      '--max-lost is broken: nothing was measured, allowed: 0',
      '--max-p99 is broken: nothing was measured, allowed: 50 ms',
      '--min-delivered-rate is broken: 0/s, wanted: 1/s',
    ]);
  });

  it('hold for a run that planned no messages', () => {
    const quiet = madeUpResult({ verdict: { ...verdict, expected: 0, delivered: 0 } }, { rate: 0 });
    expect(checkThresholds({ 'max-lost': 0 }, quiet)[0]?.holds).to.equal(true);
  });

  it('have no outcome unless they are set', () => {
    expect(checkThresholds({}, good)).to.deep.equal([]);
  });
});
