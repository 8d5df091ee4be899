/**
 * What an arm does beside answering the callers that its share brings. Glossary: a *copy* is a request that the stable arm has answered, asked
 * once more of a *shadow* arm; a row *flips* where the two decide differently; an *override* is a tester's request that named its arm.
 */
export interface SideCounts {
  readonly shadow: ShadowCounts;
  /** Requests that named this arm: they are nobody's evidence. */
  readonly overrides: number;
}

export interface ShadowCounts {
  /** Copies that the arm took: answered or failed. */
  readonly requests: number;
  /** Copies that had no room: too many were under way, or its process was away. */
  readonly skipped: number;
  readonly errors: number;
  /** Rows of which both arms' scores are known. */
  readonly rows: number;
  /** Of these, rows of which both arms decide a class. */
  readonly decided: number;
  readonly flips: number;
  /** Absolute differences of scores, one a row; of several classes, half the sum over the classes. */
  readonly distance: Sums;
}

/** Enough for a mean, a variance, and an interval of the mean. */
export interface Sums {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export const NO_SUMS: Sums = { count: 0, sum: 0, sumOfSquares: 0 };

const NO_SHADOW: ShadowCounts = {
  requests: 0,
  skipped: 0,
  errors: 0,
  rows: 0,
  decided: 0,
  flips: 0,
  distance: NO_SUMS,
};

/** Cumulative, as all counters of an arm. */
export class SideCounter {
  shadow: ShadowCounts = NO_SHADOW;
  overrides = 0;

  copied(counts: Partial<ShadowCounts>): void {
    this.shadow = addedShadows(this.shadow, { ...NO_SHADOW, ...counts });
  }

  snapshot(): SideCounts {
    return { shadow: this.shadow, overrides: this.overrides };
  }
}

export function addedSides(a: SideCounts, b: SideCounts): SideCounts {
  return { shadow: addedShadows(a.shadow, b.shadow), overrides: a.overrides + b.overrides };
}

export function addedShadows(a: ShadowCounts, b: ShadowCounts): ShadowCounts {
  return {
    requests: a.requests + b.requests,
    skipped: a.skipped + b.skipped,
    errors: a.errors + b.errors,
    rows: a.rows + b.rows,
    decided: a.decided + b.decided,
    flips: a.flips + b.flips,
    distance: addedSums(a.distance, b.distance),
  };
}

export function addedSums(a: Sums, b: Sums): Sums {
  return { count: a.count + b.count, sum: a.sum + b.sum, sumOfSquares: a.sumOfSquares + b.sumOfSquares };
}
