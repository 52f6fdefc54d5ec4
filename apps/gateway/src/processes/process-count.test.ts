import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { planProcesses } from './plan-processes.js';
import { processCount, usableCores } from './process-count.js';

describe('how many gateway processes there are', () => {
  it('is the number that is set, or that of the cores', () => {
    expect(processCount('1')).to.equal(1);
    expect(processCount('128')).to.equal(128);
    expect(processCount('auto', () => 6)).to.equal(6);
    expect(processCount('auto', () => 500)).to.equal(128);
    for (const text of ['', '0', '129', '-1', '2.5', '1e2', 'AUTO', ' 2']) {
      expect(processCount(text), text).to.equal(undefined);
    }
  });

  it('counts no more cores than a container is given time for', () => {
    const given = (files: Record<string, string>) =>
      usableCores((file) => {
        const text = files[file];
        if (text === undefined) throw new Error(`there is no ${file}`);
        return text;
      });
    const all = availableParallelism();
    expect(given({})).to.equal(all);
    expect(given({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).to.equal(all);
    expect(given({ '/sys/fs/cgroup/cpu.max': '100000 100000\n' })).to.equal(1);
    expect(given({ '/sys/fs/cgroup/cpu.max': '50000 100000\n' })).to.equal(1);
    expect(given({ '/sys/fs/cgroup/cpu.max': `${all * 150_000 + 50_000} 100000\n` })).to.equal(all);
    const old = (quota: number) => ({
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': `${quota}\n`,
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(given(old(-1))).to.equal(all);
    expect(given(old(190_000))).to.equal(1);
  });

  it('is one without any parent unless there are to be more', () => {
    expect(planProcesses({})).to.equal(undefined);
    expect(planProcesses({ GATEWAY_PROCESSES: '' })).to.equal(undefined);
    expect(planProcesses({ GATEWAY_PROCESSES: '1' }, 'darwin')).to.equal(undefined);
  });

  it('gives each process a name of its own', () => {
    expect(planProcesses({ GATEWAY_PROCESSES: '3', NODE_ID: 'pod-a' }, 'linux')?.nodeIds).to.deep.equal([
      'pod-a-1',
      'pod-a-2',
      'pod-a-3',
    ]);
    const [one, another] = [1, 2].map(() => planProcesses({ GATEWAY_PROCESSES: '2' }, 'linux')?.nodeId);
    expect(one)
      .to.match(/^gateway-[0-9a-f]{8}$/)
      .and.not.equal(another);
  });

  it('may be more than one where the system deals connections out', () => {
    expect(() => planProcesses({ GATEWAY_PROCESSES: '2' }, 'darwin')).to.throw(
      'GATEWAY_PROCESSES="2" is not valid: processes share a port evenly on Linux only',
    );
  });
});
