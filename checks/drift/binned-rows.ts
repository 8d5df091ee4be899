import type { ComparableColumn } from './comparable-column.ts';
import { edgesAtMost } from '../stats/reference-bins.ts';
import { quantileSorted } from '../stats/quantile.ts';

/**
 * Rows as small numbers for trees: each feature's value is a bin. Bins of numbers are in order, missing last; bins of categories are
 * in order of frequency and a split may part them anyhow.
 */
export interface BinnedRows {
  readonly rows: number;
  /** `bins[row * features.length + feature]`. */
  readonly bins: Uint8Array;
  readonly features: readonly { readonly count: number; readonly ordered: boolean }[];
}

/** Bins of a number feature; finer ones make trees slower and no test stronger. */
const NUMBER_BINS = 24;
const MOST_CATEGORIES = 30;

/** The rows of both sides, the reference's first. */
export function binnedRows(columns: readonly ComparableColumn[]): BinnedRows {
  const rows = (columns[0]?.reference.length ?? 0) + (columns[0]?.window.length ?? 0);
  const parts = columns.map((column) => (column.kind === 'number' ? numberBins(column) : categoryBins(column)));
  const bins = new Uint8Array(rows * parts.length);
  parts.forEach(({ of }, feature) => {
    for (let row = 0; row < rows; row++) bins[row * parts.length + feature] = of(row);
  });
  return { rows, bins, features: parts.map(({ count, ordered }) => ({ count, ordered })) };
}

interface FeatureBins {
  readonly count: number;
  readonly ordered: boolean;
  readonly of: (row: number) => number;
}

function numberBins({ reference, window }: Extract<ComparableColumn, { kind: 'number' }>): FeatureBins {
  const pooled = Float64Array.from([...reference, ...window]);
  const sorted = pooled.filter((value) => !Number.isNaN(value)).sort();
  const quantiles = Array.from({ length: NUMBER_BINS - 1 }, (_, i) => quantileSorted(sorted, (i + 1) / NUMBER_BINS));
  const edges = [...new Set(quantiles.filter((edge) => !Number.isNaN(edge)))];
  const missing = edges.length + 1;
  return {
    count: edges.length + 2,
    ordered: true,
    of: (row) => {
      const value = pooled[row] ?? NaN;
      return Number.isNaN(value) ? missing : edgesAtMost(edges, value);
    },
  };
}

function categoryBins({ dictionary, reference, window }: Extract<ComparableColumn, { kind: 'category' }>): FeatureBins {
  const pooled = Int32Array.from([...reference, ...window]);
  const counts = new Float64Array(dictionary.length);
  for (const code of pooled) if (code >= 0) counts[code] = (counts[code] ?? 0) + 1;
  const common = [...counts.keys()].toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, MOST_CATEGORIES);
  const places = new Map(common.map((code, place) => [code, place]));
  return {
    count: common.length + 2,
    ordered: false,
    of: (row) => {
      const code = pooled[row] ?? -1;
      return code < 0 ? common.length + 1 : (places.get(code) ?? common.length);
    },
  };
}
