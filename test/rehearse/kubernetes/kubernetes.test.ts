import { readFile } from 'node:fs/promises';
import { StartError } from '@chorus/service';
import { expect } from 'chai';
import { SHIPPED_HAPROXY_CFG } from '../files.js';
import { type Changes, madeUpResult } from '../testing/result.js';
import { installCommands } from './checks/install.js';
import { clusterHaproxyConfig } from './cluster/balancer.js';
import { DOCKERFILE, HOW_TO } from './files.js';
import type { Act } from './load/acts.js';
import { actChecks, silence } from './load/under-load.js';
import { settingsOf } from './prepare/dockerfile.js';
import { printReport, reportPage } from './report.js';

const ACT: Act = { title: 'Nothing', moves: 1, silence: 1, perform: async () => undefined };

describe('the rehearsal on Kubernetes', () => {
  it('runs the commands of the how-to, word for word', async () => {
    const howTo = await readFile(HOW_TO, 'utf8');
    const commands = installCommands(howTo);
    for (const line of commands.split('\n')) expect(howTo).to.include(line);
    expect(commands).to.include('create secret generic chorus-secrets').and.to.include('kubectl apply -k');
    expect(commands).not.to.match(/kind load|port-forward/);
  });

  it('fails when the how-to no longer installs the overlay', () => {
    expect(() => installCommands('```sh\nkubectl apply -k deploy/k8s/overlays/prod\n```\n')).to.throw(
      StartError,
    );
  });

  it('gives images the settings of their target and of the stages that it is built from', async () => {
    const dockerfile = await readFile(DOCKERFILE, 'utf8');
    const { user, folder, env, command } = settingsOf(dockerfile, 'api');
    expect({ user, folder }).to.deep.equal({ user: '10001:10001', folder: '/app' });
    expect(env).to.include.members(['NODE_ENV=production', 'PORT=3000', 'WEB_DIR=/app/web']);
    expect(command).to.deep.equal(['node', 'dist/api.js']);
    expect(settingsOf(dockerfile, 'migrate').env).not.to.include('PORT=3000');
    expect(() => settingsOf(dockerfile, 'nothing')).to.throw(StartError, 'no target');
  });

  it('has the shipped balancer, with the names of the cluster', async () => {
    const text = clusterHaproxyConfig(await readFile(SHIPPED_HAPROXY_CFG, 'utf8'), 'somewhere');
    expect(text).to.include('gateway 1-32 gateway.somewhere.svc.cluster.local:4000');
    expect(text).to.include('api 1-8 api.somewhere.svc.cluster.local:3000');
    expect(text).not.to.match(/^(frontend|backend) (grafana|prometheus|operator)/m);
  });

  const broken = (changes: Changes, act = ACT): string[] =>
    actChecks(act, madeUpResult(changes)).flatMap(({ name, holds }) => (holds ? [] : [name]));

  it('finds what clients suffer, and nothing else', () => {
    expect(broken({})).to.deep.equal([]);
    expect(broken({ verdict: { lost: 1 } })).to.deep.equal(['messages lost']);
    expect(broken({ resumes: { perConnection: [0, 999, 1] } })).to.deep.equal(['reconnects of any client']);
    expect(broken({ messages: { refused: { unavailable: 1 } } })).to.deep.equal(['messages refused']);
    expect(broken({ messages: { refused: { unavailable: 1 } } }, { ...ACT, refuses: true })).to.deep.equal(
      [],
    );
  });

  it('measures the time without acks, up to the last message', () => {
    const result = madeUpResult();
    const [moment] = result.timeline;
    if (moment === undefined) throw new Error('no second');
    const seconds = [0, 5, 0, 0, 5, 0].map((acked, at) => ({ ...moment, at, acked, sent: at < 5 ? 5 : 0 }));
    expect(silence({ ...result, timeline: seconds })).to.equal(2);
    expect(silence(result)).to.equal(0);
  });

  it('reports targets and figures, also as a page', () => {
    const checks = [{ name: 'lost <b>', wanted: '0', seen: '1', holds: false }];
    const sections = [{ title: 'Drain', checks, notes: ['a note'] }];
    expect(printReport(sections)).to.match(/Drain\nBROKEN +lost <b> +1 \(0\)\n +a note/);
    expect(reportPage(sections))
      .to.include('lost &lt;b&gt;')
      .and.to.include('targets missed')
      .and.to.include('a note');
  });
});
