import { writeFile } from 'node:fs/promises';
import { onStopSignal, StartError } from '@chorus/service';
import { readCommandLine } from './options.js';
import type { RunContext } from './run-chaos.js';

const options = readCommandLine(process.argv.slice(2));
// Invalid options are reported before anything else is loaded.
const { frozenReaders, printFrozen } = await import('./frozen/frozen-readers.js');
const { reportPage } = await import('./report/page.js');
const { printResult } = await import('./report/print.js');
const { runChaos } = await import('./run-chaos.js');
const abort = new AbortController();
onStopSignal(() => {
  if (abort.signal.aborted) return;
  console.error('stopping …');
  abort.abort();
});

const context: RunContext = { signal: abort.signal, say: (line) => console.error(line) };

try {
  switch (options.scenario) {
    case 'standalone':
    case 'faults': {
      const result = await runChaos({ ...options, scenario: options.scenario }, context);
      printResult(result);
      await writeFile(options.report, reportPage(result));
      console.log(`timeline: ${options.report}`);
      if (result.verdicts.every(({ violations }) => violations === 0)) break;
      await writeFile(`${options.report}.log`, `${result.log.join('\n')}\n`);
      console.log(`what the cluster logged: ${options.report}.log`);
      process.exitCode = 1;
      break;
    }
    case 'frozen-readers':
      if (!printFrozen(await frozenReaders(context))) process.exitCode = 1;
      break;
    default:
      options.scenario satisfies never;
  }
} catch (error) {
  process.exitCode = 1;
  if (!abort.signal.aborted) console.error(error instanceof StartError ? error.message : error);
  // What still works for the run would keep the process.
  abort.abort();
}
