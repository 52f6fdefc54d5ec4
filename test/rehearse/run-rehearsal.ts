import type { Check } from './checks.js';
import type { Rehearsal } from './options.js';
import type { Company } from './perform.js';
import { jsonReport, rolloutReport, scaleReport } from './report.js';
import { rehearseRollout, rolloutChecks } from './rollout.js';
import { rehearseScale, scaleChecks } from './scale.js';

export interface Rehearsed {
  readonly text: string;
  readonly json: string;
  /** Whether every target was reached. */
  readonly holds: boolean;
}

/** @throws {StartError} {LoadError} when it cannot even be tried */
export async function runRehearsal(rehearsal: Rehearsal, company: Company): Promise<Rehearsed> {
  switch (rehearsal.kind) {
    case 'rollout': {
      const outcome = await rehearseRollout(rehearsal.options, company);
      const checks = rolloutChecks(outcome);
      return { text: rolloutReport(outcome, checks), json: jsonReport(outcome, checks), holds: all(checks) };
    }
    case 'scale': {
      const outcome = await rehearseScale(rehearsal.options, company);
      const checks = scaleChecks(outcome);
      return { text: scaleReport(outcome, checks), json: jsonReport(outcome, checks), holds: all(checks) };
    }
    default:
      return rehearsal satisfies never;
  }
}

function all(checks: readonly Check[]): boolean {
  return checks.every(({ holds }) => holds);
}
