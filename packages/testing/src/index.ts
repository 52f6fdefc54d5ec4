export { closeAfterEach } from './close-after-each.js';
export { eventually, until } from './eventually.js';
export { failure } from './failure.js';
export { recordedLog, silentLog } from './logs.js';
export { ManualClock, tick } from './manual-clock.js';
export { createPrng, type Prng } from './prng.js';
export { patiently, slowness } from './slowness.js';
