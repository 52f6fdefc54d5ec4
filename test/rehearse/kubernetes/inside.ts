import { mkdir } from 'node:fs/promises';
import { StartError } from '@chorus/service';
import type { Check } from '../report/checks.js';
import { tryAutoscaling } from './autoscale/autoscaling.js';
import { chat } from './checks/chat.js';
import { install, NAMESPACE } from './checks/install.js';
import { tryPolicies } from './checks/policies.js';
import { BALANCER, startBalancer } from './cluster/balancer.js';
import { type Place, startCluster } from './cluster/cluster.js';
import { ACTS } from './load/acts.js';
import { UnderLoad } from './load/under-load.js';
import type { KubernetesOptions } from './options.js';
import { allHold, printReport, type Section, writeReports } from './report.js';

/** What the process in the namespaces is started with. */
export interface Inside {
  readonly options: KubernetesOptions;
  readonly place: Place;
}

const { options, place } = JSON.parse(process.argv[2] ?? '') as Inside;
const began = performance.now();
const say = (line: string): void => {
  console.error(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
};

try {
  await mkdir(place.run, { recursive: true });
  const sections: Section[] = [];
  const section = async (title: string, check: () => Promise<Check[]>): Promise<void> => {
    say(`${title} …`);
    sections.push({ title, checks: await check() });
  };
  const kubectl = await startCluster(place, say);
  await section('Installation', () => install(kubectl, place.run));
  await startBalancer(kubectl, NAMESPACE);
  await section('Chat', () => chat(`http://${BALANCER}`));
  if (options.parts.includes('policies')) await section('Network policies', () => tryPolicies(kubectl));
  const { parts, connections, rate } = options;
  const load = { connections, rate, roomSize: 4, workers: 1, ramp: 400 };
  const underLoad = new UnderLoad(kubectl, load, { say });
  const acts = ACTS.filter(({ title }) => title.includes(options.only ?? ''));
  for (const act of parts.includes('load') ? acts : []) {
    say(`${act.title} …`);
    sections.push(await underLoad.try(act));
  }
  if (parts.includes('autoscaling')) {
    say('autoscaling …');
    sections.push(await tryAutoscaling(kubectl, underLoad, connections));
  }
  process.stdout.write(printReport(sections));
  await writeReports(sections, options);
  process.exit(allHold(sections) ? 0 : 1);
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(3);
}
