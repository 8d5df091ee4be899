import { cramersV } from '../stats/cramers-v.ts';
import { hellinger } from '../stats/hellinger.ts';
import { jensenShannon } from '../stats/jensen-shannon.ts';
import { populationStability } from '../stats/population-stability.ts';
import { totalVariation } from '../stats/total-variation.ts';
import { wassersteinOfTies } from '../stats/wasserstein.ts';
import { columnBins } from './column-bins.ts';
import {
  type ColumnTest,
  columnTest,
  type ColumnTies,
  columnTies,
  type DriftMethod,
  methodFor,
} from './column-test.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { deviationOf, finiteValues, type SortedColumn, sortedColumn } from './sorted-column.ts';

export { type DriftMethod, driftMethods } from './column-test.ts';

/** How one column, the predictions or the labels differ between two samples, before anyone judges. */
export interface ColumnDrift extends ColumnTest {
  readonly type: 'number' | 'category';
  readonly psi: number;
  /** What PSI stays below with probability 1 − α at these sizes when nothing drifted. */
  readonly psiCritical: number;
  readonly missing: { readonly reference: number; readonly window: number };
  /** Base 2, the distance. */
  readonly jensenShannon: number;
  readonly hellinger: number;
  readonly totalVariation: number;
  /** Bias-corrected; of categories only. */
  readonly cramersV?: number;
  /** Over the reference's standard deviation; undefined for categories and constant columns. */
  readonly wasserstein?: number;
  /** Share of the rows by bin of the reference; missing and unseen values last, where there are any. */
  readonly shares: {
    readonly reference: readonly number[];
    readonly window: readonly number[];
    readonly bins: readonly string[];
    /** Between numeric bins. */
    readonly edges?: readonly number[];
  };
  /** One value on both sides: there is nothing to compare. */
  readonly constant: boolean;
  /** No value at all on one side or on both. */
  readonly allMissing?: 'reference' | 'window' | 'both';
}

export interface ColumnDriftOptions {
  readonly alpha: number;
  readonly seed: number;
  readonly method?: DriftMethod;
}

/** Compares one column. Missing values count: they are a category, a bin, and in rank tests a value beyond every other. */
export function columnDrift(comparable: ComparableColumn, options: ColumnDriftOptions): ColumnDrift {
  const column = sortedColumn(comparable);
  const bins = columnBins(column);
  const ties = column.kind === 'number' ? columnTies(column) : undefined;
  const { reference, window, names, edges } = bins;
  const { psi, critical } = populationStability(reference, window, options.alpha);
  const [missing, gone] = [missingShares(column), allMissing(column)];
  return {
    type: column.kind,
    ...columnTest(methodFor(column, bins, options.method), ties, bins, options.seed),
    psi,
    psiCritical: critical,
    missing,
    jensenShannon: jensenShannon(reference, window),
    hellinger: hellinger(reference, window),
    totalVariation: totalVariation(reference, window),
    ...(bins.isByValue ? { cramersV: cramersV(...bins.counts) } : {}),
    ...wassersteinOf(column, ties),
    shares: {
      reference: sharesOf(reference),
      window: sharesOf(window),
      bins: names,
      ...(edges === undefined ? {} : { edges }),
    },
    constant: isConstant(column),
    ...(gone === undefined ? {} : { allMissing: gone }),
  };
}

function missingShares(column: SortedColumn): ColumnDrift['missing'] {
  if (column.kind === 'number') {
    const share = ({ missing, rows }: { missing: number; rows: number }) => (rows === 0 ? 0 : missing / rows);
    return { reference: share(column.reference), window: share(column.window) };
  }
  const share = (codes: Int32Array) => {
    let missing = 0;
    for (let row = 0; row < codes.length; row++) if ((codes[row] ?? 0) < 0) missing++;
    return codes.length === 0 ? 0 : missing / codes.length;
  };
  return { reference: share(column.reference), window: share(column.window) };
}

function allMissing(column: SortedColumn): ColumnDrift['allMissing'] {
  const { reference, window } = missingShares(column);
  if (reference === 1) return window === 1 ? 'both' : 'reference';
  return window === 1 ? 'window' : undefined;
}

function wassersteinOf(column: SortedColumn, ties: ColumnTies | undefined): Pick<ColumnDrift, 'wasserstein'> {
  if (column.kind === 'category' || ties === undefined) return {};
  const spread = deviationOf(finiteValues(column.reference));
  if (spread === 0 || finiteValues(column.window).length === 0) return {};
  return { wasserstein: wassersteinOfTies(ties.finite()) / spread };
}

function sharesOf(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}

/** One value, or none, on both sides. */
function isConstant(column: SortedColumn): boolean {
  if (column.kind === 'category') {
    const [first] = column.reference;
    return column.reference.every((code) => code === first) && column.window.every((code) => code === first);
  }
  const { reference, window } = column;
  if (reference.missing + window.missing > 0) return reference.values.length + window.values.length === 0;
  const values = [reference.values[0], reference.values.at(-1), window.values[0], window.values.at(-1)];
  return values.every((value) => value === values[0]);
}
