/** Result of an attempt at a rate. */
export interface Attempt {
  readonly passed: boolean;
  /** Why it did not pass. */
  readonly why?: string;
}

export interface SearchOptions {
  readonly first: number;
  /** Factor between two attempts, more than 1. */
  readonly step: number;
  /** How often the interval between the last that passed and the first that failed is halved. */
  readonly halvings: number;
  readonly atMost: number;
  /** Lowest rate to try. */
  readonly atLeast: number;
}

export interface Found {
  /** The highest rate that passed; 0 if none did. */
  readonly rate: number;
  /** Why the next one failed; undefined without one. */
  readonly why: string | undefined;
}

/** Returns the highest rate that passes, assuming that every lower one does. */
export async function searchRate(
  attempt: (rate: number) => Promise<Attempt>,
  { first, step, halvings, atMost, atLeast }: SearchOptions,
): Promise<Found> {
  let passed = 0;
  let failed: number | undefined;
  let why: string | undefined;
  const attemptAt = async (rate: number): Promise<void> => {
    const outcome = await attempt(rate);
    if (outcome.passed) passed = rate;
    else [failed, why] = [rate, outcome.why];
  };
  for (let rate = first; rate <= atMost && failed === undefined; rate *= step) await attemptAt(rate);
  for (let rate = first / step; passed === 0 && rate >= atLeast; rate /= step) await attemptAt(rate);
  for (let halving = 0; passed > 0 && failed !== undefined && halving < halvings; halving++) {
    await attemptAt(Math.sqrt(passed * failed));
  }
  return { rate: passed, why };
}
