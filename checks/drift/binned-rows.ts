import { edgesAtMost } from '../stats/reference-bins.ts';
import { quantileSorted } from '../stats/quantile.ts';
import { sortedValues } from '../stats/sorted-values.ts';
import type { ComparableColumn } from './comparable-column.ts';

/**
 * Rows as small numbers for trees: each feature's value is a bin. Bins of numbers are in order, missing last; bins of categories are
 * in order of frequency and a split may part them anyhow.
 */
export interface BinnedRows {
  readonly rows: number;
  /** `bins[row * features.length + feature]`. */
  readonly bins: Uint8Array;
  readonly features: readonly Feature[];
}
interface Feature {
  readonly count: number;
  readonly ordered: boolean;
}

/** One column's rows as bins, the reference's first: a byte a row, whatever the column held. */
export interface BinnedColumn extends Feature {
  readonly bins: Uint8Array;
}

/** Bins of a number feature; finer ones make trees slower and no test stronger. */
const NUMBER_BINS = 24;
const MOST_CATEGORIES = 30;

/** The rows of both sides, the reference's first. */
export function binnedRows(columns: readonly ComparableColumn[]): BinnedRows {
  return joinedColumns(columns.map(binnedColumn));
}

export function joinedColumns(columns: readonly BinnedColumn[]): BinnedRows {
  const rows = columns[0]?.bins.length ?? 0;
  const bins = new Uint8Array(rows * columns.length);
  columns.forEach((column, feature) => {
    for (let row = 0; row < rows; row++) bins[row * columns.length + feature] = column.bins[row] ?? 0;
  });
  return { rows, bins, features: columns.map(({ count, ordered }) => ({ count, ordered })) };
}

export function binnedColumn(column: ComparableColumn): BinnedColumn {
  return column.kind === 'number' ? numberBins(column) : categoryBins(column);
}

function numberBins({ reference, window }: Extract<ComparableColumn, { kind: 'number' }>): BinnedColumn {
  const pooled = pooledNumbers(reference, window);
  const sorted = sortedValues(pooled.filter((value) => !Number.isNaN(value)));
  const quantiles = Array.from({ length: NUMBER_BINS - 1 }, (_, i) => quantileSorted(sorted, (i + 1) / NUMBER_BINS));
  const edges = [...new Set(quantiles.filter((edge) => !Number.isNaN(edge)))];
  const missing = edges.length + 1;
  const bins = new Uint8Array(pooled.length);
  for (let row = 0; row < bins.length; row++) {
    const value = pooled[row] ?? NaN;
    bins[row] = Number.isNaN(value) ? missing : edgesAtMost(edges, value);
  }
  return { count: edges.length + 2, ordered: true, bins };
}

function categoryBins({
  dictionary,
  reference,
  window,
}: Extract<ComparableColumn, { kind: 'category' }>): BinnedColumn {
  const counts = new Float64Array(dictionary.length);
  for (const side of [reference, window])
    for (const code of side) if (code >= 0) counts[code] = (counts[code] ?? 0) + 1;
  const common = [...counts.keys()].toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, MOST_CATEGORIES);
  const places = new Uint8Array(dictionary.length).fill(common.length);
  for (const [place, code] of common.entries()) places[code] = place;
  const bins = new Uint8Array(reference.length + window.length);
  const placeOf = (code: number) => (code < 0 ? common.length + 1 : (places[code] ?? common.length));
  for (let row = 0; row < reference.length; row++) bins[row] = placeOf(reference[row] ?? -1);
  for (let row = 0; row < window.length; row++) bins[reference.length + row] = placeOf(window[row] ?? -1);
  return { count: common.length + 2, ordered: false, bins };
}

/** Both sides in one array, the reference's values first. */
export function pooledNumbers(reference: ArrayLike<number>, window: ArrayLike<number>): Float64Array {
  const pooled = new Float64Array(reference.length + window.length);
  pooled.set(reference);
  pooled.set(window, reference.length);
  return pooled;
}
