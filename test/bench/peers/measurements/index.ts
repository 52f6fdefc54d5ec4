import { deliveries } from './deliveries.js';
import { drops } from './drops.js';
import { highest } from './highest.js';
import { idle } from './idle.js';
import { LOADS } from './loads.js';
import type { Measurement } from './measurement.js';
import { SCALING } from './scaling.js';

/** What a run does unless told. */
export const MEASUREMENTS: readonly Measurement[] = [
  ...LOADS.map((load) => deliveries(load)),
  highest,
  drops,
  idle,
];

/** Of which some must be asked for by name. */
export const ALL_MEASUREMENTS: readonly Measurement[] = [...MEASUREMENTS, ...SCALING];
