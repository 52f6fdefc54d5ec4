import type { Rehearsal } from './options.js';
import type { Company } from './rehearsals/perform.js';
import { rehearseRollout, rolloutChecks } from './rehearsals/rollout.js';
import { rehearseScale, scaleChecks } from './rehearsals/scale.js';
import type { Check } from './report/checks.js';
import { jsonReport, rolloutReport, scaleReport } from './report/report.js';

export interface Rehearsed {
  readonly text: string;
  readonly json: string;
  /** Whether every target was reached. */
  readonly holds: boolean;
}

/** @throws {StartError} {LoadError} when it cannot be tried */
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
