import { deliveries } from './deliveries.js';
import { drops } from './drops.js';
import { highest } from './highest.js';
import { idle } from './idle.js';
import { LOADS } from './loads.js';
import type { Measurement } from './measurement.js';
import { SCALING } from './scaling.js';

/** Measurements of a run by default. */
export const MEASUREMENTS: readonly Measurement[] = [
  ...LOADS.map((load) => deliveries(load)),
  highest,
  drops,
  idle,
];

/** All measurements; the others must be selected by name. */
export const ALL_MEASUREMENTS: readonly Measurement[] = [...MEASUREMENTS, ...SCALING];
