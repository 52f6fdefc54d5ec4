#!/usr/bin/env node
// `npx chorus`, in a clone: installs and compiles what is missing, and runs the command line for operators.
process.argv.splice(2, 0, 'apps/cli/dist/main.js');
await import('./bootstrap.mjs');
