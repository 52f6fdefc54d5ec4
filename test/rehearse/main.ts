import { writeFile } from 'node:fs/promises';
import { LoadError } from '@chorus/loadtest';
import { onStopSignal, StartError } from '@chorus/service';
import { readRehearsal } from './options.js';
import { runRehearsal } from './run-rehearsal.js';

const rehearsal = readRehearsal(process.argv.slice(2));
const abort = new AbortController();
onStopSignal(() => {
  if (!abort.signal.aborted) console.error('stopping …');
  abort.abort();
});

try {
  const { text, json, holds } = await runRehearsal(rehearsal, {
    signal: abort.signal,
    say: (line) => console.error(line),
  });
  process.stdout.write(text);
  if (rehearsal.jsonFile !== undefined) await writeFile(rehearsal.jsonFile, json);
  if (!holds) process.exitCode = 1;
} catch (error) {
  process.exitCode = 3;
  const expected = error instanceof StartError || error instanceof LoadError;
  if (!abort.signal.aborted) console.error(expected ? error.message : error);
}
