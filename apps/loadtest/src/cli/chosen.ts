import type { Limits, ThresholdName } from '../thresholds.js';
import { SCENARIO_OPTIONS, type ScenarioOption } from './scenario-options.js';

/** Options that were given, by name. */
export type Chosen = ReadonlyMap<string, unknown>;

export interface Sorted {
  /** Options of `Scenario`; the others have the defaults of its schema. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
  readonly users: number | undefined;
}

/** Merges options and sorts them by their use; later sources take precedence. */
export function sortChosen(...sources: readonly Chosen[]): Sorted {
  const scenario: Record<string, unknown> = {};
  const limits: Partial<Record<ThresholdName, number>> = {};
  let users: number | undefined;
  for (const { name, sets } of SCENARIO_OPTIONS) {
    const value = sources.findLast((source) => source.has(name))?.get(name);
    if (value === undefined) continue;
    if ('scenario' in sets) scenario[sets.scenario] = value;
    else if ('threshold' in sets) limits[sets.threshold] = Number(value);
    else users = Number(value);
  }
  return { scenario, limits, users };
}

export function optionNamed(name: string): ScenarioOption | undefined {
  return SCENARIO_OPTIONS.find((option) => option.name === name);
}
