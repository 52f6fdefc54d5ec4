#!/usr/bin/env node
import { EXIT, runCommand } from './run-command.js';
import { runLoad } from './run-load.js';

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Workers, and whatever was started for the run, end with this process.
    if (abort.signal.aborted) process.exit(EXIT.failed);
    abort.abort();
  });
}

const { env, stdout, stderr } = process;
process.exitCode = await runCommand(process.argv.slice(2), {
  env,
  stdout,
  stderr,
  signal: abort.signal,
  runLoad,
});
