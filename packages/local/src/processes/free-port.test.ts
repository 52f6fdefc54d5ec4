import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { freePort } from './free-port.js';

/** Large enough, out of 16,000, that two unsynchronised processes would collide some fifteen times. */
const COUNT = 500;

const CHOOSER = `
import { freePort } from ${JSON.stringify(new URL('../../dist/processes/free-port.js', import.meta.url).href)};
const ports = [];
while (ports.length < ${COUNT}) ports.push(await freePort());
process.on('message', () => process.disconnect());
process.send(ports);
`;

describe('a free port', function () {
  this.timeout(30_000);

  it('is reserved while the process that chose it lives, whether it is listened on or not', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHOOSER], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      const [theirs] = (await once(child, 'message')) as [number[]];
      const ours: number[] = [];
      while (ours.length < COUNT) ours.push(await freePort());
      expect(new Set([...ours, ...theirs])).to.have.lengthOf(2 * COUNT);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
