export { eventually, until } from './eventually.js';
export { patiently, slowness } from './slowness.js';
