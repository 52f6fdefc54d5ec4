#!/usr/bin/env node
import { onStopSignal } from '@chorus/service';
import { createLoadtest, EXIT } from './create-loadtest.js';
import { runLoad } from './run/run-load.js';

const abort = new AbortController();
onStopSignal((forcing) => {
  // Workers and a started cluster end with this process.
  if (abort.signal.aborted && forcing) process.exit(EXIT.failed);
  abort.abort();
});

const { env, stdout, stderr } = process;
const loadtest = createLoadtest({ env, stdout, stderr, signal: abort.signal, runLoad });
process.exitCode = await loadtest.run(process.argv.slice(2));
