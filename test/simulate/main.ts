import { writeFile } from 'node:fs/promises';
import { onStopSignal, StartError } from '@chorus/service';
import { readOptions } from './options.js';
import { nodesReport } from './report.js';
import { simulateNodes } from './simulate-nodes.js';

const options = readOptions(process.argv.slice(2));
const abort = new AbortController();
onStopSignal(() => abort.abort());

try {
  const measurements = await simulateNodes(options, (line) => console.error(line), abort.signal);
  process.stdout.write(nodesReport(measurements));
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(measurements, undefined, 2));
} catch (error) {
  process.exitCode = 3;
  if (!abort.signal.aborted) console.error(error instanceof StartError ? error.message : error);
}
