/**
 * What an arm does beside answering the callers that its share brings. Glossary: a *copy* is a request that the stable arm has answered, asked
 * once more of a *shadow* arm; a row *flips* where the two decide differently; an *override* is a tester's request that named its arm.
 */
export interface SideCounts {
  readonly shadow: ShadowCounts;
  /** Requests that named this arm: they are nobody's evidence. */
  readonly overrides: number;
  readonly cache: CacheCounts;
}

/** The response cache: lookups, and the time that they took; of those that found nothing, keeping the new answer as well. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly hitMs: number;
  readonly missMs: number;
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
  readonly cache = { hits: 0, misses: 0, hitMs: 0, missMs: 0 };

  /** Another than before as soon as anything has been counted. */
  get stamp(): number {
    const { requests, skipped } = this.shadow;
    return requests + skipped + this.overrides + this.cache.hits + this.cache.misses;
  }

  copied(counts: Partial<ShadowCounts>): void {
    this.shadow = addedShadows(this.shadow, { ...NO_SHADOW, ...counts });
  }

  snapshot(): SideCounts {
    return { shadow: this.shadow, overrides: this.overrides, cache: { ...this.cache } };
  }
}

export function addedSides(a: SideCounts, b: SideCounts): SideCounts {
  return {
    shadow: addedShadows(a.shadow, b.shadow),
    overrides: a.overrides + b.overrides,
    cache: {
      hits: a.cache.hits + b.cache.hits,
      misses: a.cache.misses + b.cache.misses,
      hitMs: a.cache.hitMs + b.cache.hitMs,
      missMs: a.cache.missMs + b.cache.missMs,
    },
  };
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
