export { loadStandaloneConfig, type StandaloneConfig, standaloneSettings } from './config.js';
export { createStandalone, type Standalone } from './create-standalone.js';
