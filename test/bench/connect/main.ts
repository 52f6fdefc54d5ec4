import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benchCommand } from '../bench-command.js';
import type { Effort } from '../peers/measurements/measurement.js';
import { pick, positive } from '../peers/options.js';
import { describeMachine, machineInWords } from '../peers/report/machine.js';
import { summarise } from '../peers/report/summary.js';
import { renderTable } from '../peers/report/table.js';
import { tellSample } from '../peers/report/tell-sample.js';
import { runRounds } from '../peers/rounds.js';
import { chorusSystem } from '../peers/systems/chorus-system.js';
import { FLOOR, SYSTEMS } from '../peers/systems/index.js';
import type { System } from '../peers/systems/system.js';
import { connects } from './connects.js';
import { storm } from './storm.js';

/* `pnpm bench:connect`: see docs/explanation/performance.md. */

const EFFORT: Effort = { durationMs: 1_000, warmUpMs: 5_000, settleMs: 0, share: 1 };

interface Options {
  readonly connections: number;
  readonly members: number;
  readonly rate?: number;
  readonly only?: readonly System[];
  readonly rounds?: number;
  readonly storm?: true;
  readonly over: number;
  readonly messages: number;
  readonly against?: string;
  readonly json?: string;
}

const USUAL = [FLOOR, 'chorus', 'chorus.v1'];
const options = benchCommand(
  'bench:connect',
  'Measures what it costs, and how long it takes, to connect and join a room, for Chorus and a bare relay in turn.',
)
  .option(
    '--connections <number>',
    'number of connections; in a storm, of the node that is killed',
    positive,
    20_000,
  )
  .option('--members <number>', 'members of each room', positive, 20)
  .option('--rate <number>', 'connects per second (default: as many as possible)', positive)
  .option(
    '--only <systems>',
    `comma-separated systems: ${SYSTEMS.map(({ name }) => name).join(', ')} (default: ${USUAL.join(', ')})`,
    pick(SYSTEMS),
  )
  .option('--rounds <number>', 'rounds; the results are medians (default 3, of a storm 1)', positive)
  .option('--storm', 'kill one of three nodes under load instead: its clients reconnect to the two others')
  .option('--over <seconds>', 'time over which the clients of a storm spread their reconnects', positive, 5)
  .option('--messages <number>', 'messages per second, over all rooms, during a storm', positive, 100)
  .option('--against <folder>', 'also measure the gateways of another checkout, which must be built')
  .option('--json <file>', 'file for all rounds as JSON')
  .parse()
  .opts<Options>();

const selected = options.only ?? SYSTEMS.filter(({ name }) => USUAL.includes(name));

/** The selected systems of Chorus, as another checkout has them. */
function systemsOf(folder: string): System[] {
  const main = join(folder, 'apps/gateway/dist/main.js');
  return selected
    .filter(({ name }) => name.startsWith('chorus'))
    .map(({ protocol, name, title }) =>
      chorusSystem(protocol, `${name}@`, `${title}, the other checkout`, { main }),
    );
}

const { connections, members, rounds, against, json } = options;
const systems = [...selected, ...(against === undefined ? [] : systemsOf(against))];
const measurement = options.storm
  ? storm({ connections, members, messagesPerSecond: options.messages, overMs: options.over * 1_000 })
  : connects({ connections, members, perSecond: options.rate });
const machine = await describeMachine();
const measured = await runRounds(measurement, {
  systems,
  effort: EFFORT,
  rounds,
  onSample: tellSample,
});
const summary = summarise(measured, [FLOOR]);
console.log(`\n${renderTable(summary)}\n${machineInWords(machine).join('\n')}`);
if (json !== undefined) await writeFile(json, `${JSON.stringify({ machine, measured, summary }, null, 2)}\n`);
if (measured.systems.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
