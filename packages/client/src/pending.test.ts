import { expect } from 'chai';
import { ChorusError } from './chorus-error.js';
import { Pending } from './pending.js';

describe('what is pending', () => {
  const backoff = { baseMs: 100, capMs: 1_000 };

  it('is retried after waits between zero and a bound that doubles up to a cap', () => {
    const pending = new Pending({ backoff, random: () => 1 });
    const retry = (): number => pending.retry(() => {});
    const bounds = [1, 2, 3, 4, 5].map(retry);
    expect(bounds).to.deep.equal([100, 200, 400, 800, 1_000]);
    expect(pending.retry(() => {}, { retryAfterMs: 5_000 })).to.equal(6_000);
    pending.failures = 0;
    expect(retry()).to.equal(100);
    pending.cancelAll();
    expect(new Pending({ backoff, random: () => 0 }).retry(() => {})).to.equal(0);
  });

  it('is repeated until it succeeds, or fails for good, or for too long', async () => {
    const pending = new Pending({ backoff, random: () => 0 });
    const failures = [true, true, false].map((retry) => new ChorusError('internal', 'failed', retry));
    const request = async (): Promise<string> => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return 'done';
    };
    const failed = await pending.untilAnswered(request).catch(({ retry }: ChorusError) => retry);
    expect([failed, failures.length, pending.failures]).to.deep.equal([false, 0, 2]);
    expect(await pending.untilAnswered(request)).to.equal('done');
    expect(pending.failures).to.equal(0);
    failures.push(new ChorusError('network', 'failed', true));
    expect(await pending.untilAnswered(request, -1).catch(({ code }: ChorusError) => code)).to.equal(
      'network',
    );
  });

  it('does not go on once it is cancelled', async () => {
    const pending = new Pending({ backoff, random: () => 0 });
    let ran = 0;
    pending.after(0, () => ran++);
    pending.untilAnswered(async () => ran).then(() => ran++);
    const wanted = pending.wanted();
    pending.cancelAll();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([ran, wanted(), pending.wanted()()]).to.deep.equal([0, false, true]);
  });
});
