import type { SliceColumn } from './slice-columns.ts';

/** A slice: the rows that lie in one bin of each of one or two columns. */
export interface Slice {
  readonly parts: readonly { readonly column: number; readonly bin: number }[];
}

export interface FoundSlice extends Slice {
  readonly rows: number;
  /** Mean loss of the slice's rows above that of every other row, and the least that it surely is. */
  readonly excess: number;
  readonly atLeast: number;
}

export interface SearchLimits {
  /** Slices found at most. */
  readonly most: number;
  /** Whether rows like these could say anything in a test. */
  readonly isTestable: (places: Uint32Array) => boolean;
}

export interface SearchResult {
  /** Worst first; no two of which share more than half of the smaller one's rows. */
  readonly found: readonly FoundSlice[];
  /** Slices that had rows enough to be looked at. */
  readonly searched: number;
}

/** A slice of fewer rows is noise to a search; one of more is nearly everyone. */
const FEWEST_SLICE_ROWS = 60;
const LARGEST_SHARE = 0.75;
/** Single bins that are combined with the bins of every other column. */
const BEAM = 20;
/** Ranked slices that are looked at one by one. */
const MOST_RANKED = 500;
/** Standard errors below the estimate: the search shall find what is surely worse, not what is small and unlucky. */
const SURELY = 2;

/**
 * The slices where loss is surely higher than elsewhere, by beam search: every bin of every column, then each of the worst twenty with every bin of
 * every other column. What it finds is found by looking, so its numbers are biased: they have to be tested on other rows.
 *
 * Complexity: O(beam · columns · rows) at most. Related: Chung et al., Slice Finder (2019); Sagadeeva & Boehm, SliceLine (2021).
 */
export function searchSlices(
  columns: readonly SliceColumn[],
  losses: Float64Array,
  places: Uint32Array,
  { most, isTestable }: SearchLimits,
): SearchResult {
  const everyone = sumsOf(losses, places);
  const singles = columns.flatMap((_, column) => binsOf(columns, column, losses, places, everyone, []));
  const ranked = singles.toSorted((a, b) => b.atLeast - a.atLeast);
  const pairs = ranked.slice(0, BEAM).flatMap((slice) => {
    const [first] = slice.parts;
    if (first === undefined) return [];
    const inside = placesIn(columns, slice, places);
    return columns.flatMap((_, column) =>
      column === first.column ? [] : binsOf(columns, column, losses, inside, everyone, slice.parts),
    );
  });
  const distinct = new Map([...singles, ...pairs].map((slice) => [keyOf(slice), slice]));
  const worst = [...distinct.values()].toSorted((a, b) => b.atLeast - a.atLeast);
  return { found: apart(columns, worst.slice(0, MOST_RANKED), places, { most, isTestable }), searched: distinct.size };
}

interface Sums {
  count: number;
  sum: number;
  squares: number;
}

function sumsOf(losses: Float64Array, places: Uint32Array): Sums {
  const sums = { count: 0, sum: 0, squares: 0 };
  for (const place of places) add(sums, losses[place] ?? 0);
  return sums;
}

function add(sums: Sums, loss: number): void {
  sums.count += 1;
  sums.sum += loss;
  sums.squares += loss * loss;
}

/** One pass over the rows fills every bin of a column. */
function binsOf(
  columns: readonly SliceColumn[],
  column: number,
  losses: Float64Array,
  places: Uint32Array,
  everyone: Sums,
  within: Slice['parts'],
): readonly FoundSlice[] {
  const { bins, labels } = columns[column] ?? { bins: new Uint8Array(0), labels: [] };
  const sums = labels.map(() => ({ count: 0, sum: 0, squares: 0 }));
  for (const place of places) {
    const each = sums[bins[place] ?? 0];
    if (each !== undefined) add(each, losses[place] ?? 0);
  }
  return sums.flatMap((inside, bin): readonly FoundSlice[] => {
    if (inside.count < FEWEST_SLICE_ROWS || inside.count > LARGEST_SHARE * everyone.count) return [];
    // A pair that leaves nothing of its single out is that single.
    if (within.length > 0 && inside.count === places.length) return [];
    const { mean, error } = excessOf(inside, everyone);
    return [{ parts: [...within, { column, bin }], rows: inside.count, excess: mean, atLeast: mean - SURELY * error }];
  });
}

function excessOf(inside: Sums, everyone: Sums): { readonly mean: number; readonly error: number } {
  const outside = {
    count: everyone.count - inside.count,
    sum: everyone.sum - inside.sum,
    squares: everyone.squares - inside.squares,
  };
  const [a, b] = [inside, outside].map(({ count, sum, squares }) => {
    const mean = sum / count;
    return { mean, variance: Math.max(0, squares / count - mean * mean) / (count - 1) };
  });
  if (a === undefined || b === undefined) return { mean: NaN, error: NaN };
  return { mean: a.mean - b.mean, error: Math.sqrt(a.variance + b.variance) };
}

export function placesIn(columns: readonly SliceColumn[], { parts }: Slice, places: Uint32Array): Uint32Array {
  return places.filter((place) => parts.every(({ column, bin }) => columns[column]?.bins[place] === bin));
}

/** The same for `a & b` and `b & a`. */
function keyOf({ parts }: Slice): string {
  return parts
    .map(({ column, bin }) => `${column}:${bin}`)
    .toSorted()
    .join('&');
}

function apart(
  columns: readonly SliceColumn[],
  worst: readonly FoundSlice[],
  places: Uint32Array,
  { most, isTestable }: SearchLimits,
): readonly FoundSlice[] {
  const taken: { readonly slice: FoundSlice; readonly rows: ReadonlySet<number> }[] = [];
  for (const slice of worst) {
    if (taken.length === most) break;
    const rows = placesIn(columns, slice, places);
    if (!isTestable(rows)) continue;
    const isOther = taken.every(({ rows: known }) => {
      const shared = rows.filter((place) => known.has(place)).length;
      return shared <= Math.min(rows.length, known.size) / 2;
    });
    if (isOther) taken.push({ slice, rows: new Set(rows) });
  }
  return taken.map(({ slice }) => slice);
}
