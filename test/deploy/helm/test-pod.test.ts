import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@chorus/local';
import { expect } from 'chai';
import { type Program, startProgram } from '../../support/servers/program.js';
import type { PodSpec } from '../k8s/resources.js';
import { isHook, renderChart } from './helm.js';

describe('the pod of helm test', function () {
  this.timeout(120_000);
  let command: readonly string[];
  let program: Program | undefined;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-helm-test-'));
    const pod = (await renderChart({})).find((resource) => isHook(resource) && resource.kind === 'Pod');
    const { containers } = (pod?.spec ?? { containers: [] }) as PodSpec;
    const [container] = containers;
    command = [...(container?.command ?? []), ...(container?.args ?? [])];
    expect(command[0]).to.equal('node');
    expect(command.slice(-2)).to.deep.equal(['http://chorus-api', 'http://chorus-gateway']);
  });

  after(async () => {
    program?.kill('SIGTERM');
    await program?.ended;
    await rm(folder, { recursive: true });
  });

  /** Runs the pod's command against other addresses. */
  const ask = (api: string, gateway: string): Promise<{ ok: boolean; lines: string[] }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [...command.slice(1, -2), api, gateway], (error, stdout) =>
        resolve({ ok: error === null, lines: stdout.trim().split('\n') }),
      );
    });

  it('succeeds where API and gateways answer as they should', async () => {
    program = startProgram('dist/standalone.js', [], { PORT: '0', DATA_DIR: folder, BCRYPT_COST: '4' });
    const [, url = ''] = await program.printed(/(http:\/\/\S+)/);
    expect(await ask(url, url)).to.deep.equal({
      ok: true,
      lines: [
        'ok: the API is ready',
        'ok: the API serves the page',
        'ok: the API asks for a token',
        'ok: gateways are ready',
        'ok: gateways open sockets',
        'ok: gateways ask for a token',
      ],
    });
  });

  it('fails, and names what does not answer', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { ok, lines } = await ask(nowhere, nowhere);
    expect(ok).to.equal(false);
    expect(lines).to.have.length(6);
    for (const line of lines) expect(line).to.match(/^FAILED: .* http:\/\/127.*ECONNREFUSED/);
  });
});
