#!/usr/bin/env node
import { onStopSignal } from '@chorus/service';
import { runLoad } from './run/run-load.js';
import { EXIT, runCommand } from './run-command.js';

const abort = new AbortController();
onStopSignal((forcing) => {
  // Workers, and whatever was started for the run, end with this process.
  if (abort.signal.aborted && forcing) process.exit(EXIT.failed);
  abort.abort();
});

const { env, stdout, stderr } = process;
process.exitCode = await runCommand(process.argv.slice(2), {
  env,
  stdout,
  stderr,
  signal: abort.signal,
  runLoad,
});
