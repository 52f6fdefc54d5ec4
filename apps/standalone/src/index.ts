export { loadStandaloneConfig, type StandaloneConfig, standaloneSettings } from './config.js';
export { type Standalone, startStandalone } from './start-standalone.js';
