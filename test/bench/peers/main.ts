import { writeFile } from 'node:fs/promises';
import { readOptions } from './options.js';
import { renderChart } from './report/chart.js';
import { describeMachine, machineInWords } from './report/machine.js';
import { summarise } from './report/summary.js';
import { renderTable } from './report/table.js';
import { tellSample } from './report/tell-sample.js';
import { type MeasurementRounds, runRounds } from './rounds.js';
import { FLOOR } from './systems/index.js';

/* `pnpm bench:peers`: see docs/explanation/performance.md. */

const BASES = [FLOOR, 'socket.io'];

const options = readOptions(process.argv.slice(2));
const machine = await describeMachine();
const startedAt = new Date().toISOString();
const measured: MeasurementRounds[] = [];
const summaries = () => measured.map((rounds) => summarise(rounds, BASES));

for (const measurement of options.measurements) {
  measured.push(await runRounds(measurement, { ...options, onSample: tellSample }));
  console.log(`\n${summaries().map(renderTable).at(-1)}`);
  // After each measurement, so that an interrupted run keeps its results.
  if (options.jsonFile !== undefined) {
    const report = { startedAt, machine, effort: options.effort, measured, summaries: summaries() };
    await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (options.svgFile !== undefined) {
    await writeFile(options.svgFile, renderChart(summaries(), machineInWords(machine)));
  }
}
console.log(machineInWords(machine).join('\n'));
if (measured.some(({ systems }) => systems.some(({ failures }) => failures.length > 0))) process.exitCode = 1;
