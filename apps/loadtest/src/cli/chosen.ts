import type { Limits, ThresholdName } from '../thresholds.js';
import { SCENARIO_OPTIONS, type ScenarioOption } from './scenario-options.js';

/** What was chosen, by the name of the option; only what was given is in it. */
export type Chosen = ReadonlyMap<string, unknown>;

export interface Sorted {
  /** Of `Scenario`; what was not chosen is left to its schema's defaults. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
  readonly users: number | undefined;
}

/** Brings what was chosen to where it belongs; of several sources the later ones win. */
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
