export { type CliParts, runCli } from './create-cli.js';
