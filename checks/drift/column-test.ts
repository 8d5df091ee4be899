import { andersonDarlingOfTies } from '../stats/anderson-darling.ts';
import { chiSquaredContingency } from '../stats/chi-squared-contingency.ts';
import { chiSquaredUpper } from '../stats/chi-squared-upper.ts';
import { pooledCells } from '../stats/contingency-table.ts';
import { cramerVonMisesOfTies } from '../stats/cramer-von-mises.ts';
import { gTest } from '../stats/g-test.ts';
import { hellinger } from '../stats/hellinger.ts';
import { jensenShannon } from '../stats/jensen-shannon.ts';
import { ksOfTies } from '../stats/ks-two-sample.ts';
import { lInfinity } from '../stats/l-infinity.ts';
import { mannWhitneyOfTies } from '../stats/mann-whitney.ts';
import { type MergedTies, mergedTies } from '../stats/merged-ties.ts';
import { pooledBins } from '../stats/pooled-bins.ts';
import { populationStability } from '../stats/population-stability.ts';
import { totalVariation } from '../stats/total-variation.ts';
import type { ColumnBins } from './column-bins.ts';
import { permutedTable, type TableDistance } from './permuted-table.ts';
import { finiteValues, rankedValues, type SortedColumn } from './sorted-column.ts';
import { wassersteinTest } from './wasserstein-test.ts';

/** Tests that a column can be put to; each gives a p-value. */
export const driftMethods = [
  'ks',
  'chi-squared',
  'psi',
  'g-test',
  'cramer-von-mises',
  'anderson-darling',
  'mann-whitney',
  'wasserstein',
  'jensen-shannon',
  'hellinger',
  'tvd',
  'l-infinity',
] as const;
export type DriftMethod = (typeof driftMethods)[number];

/** Those that need the order of a number's values; the others compare counts, by value or by bin of the reference. */
type RankMethod = 'ks' | 'cramer-von-mises' | 'anderson-darling' | 'mann-whitney' | 'wasserstein';
type DistanceMethod = 'jensen-shannon' | 'hellinger' | 'tvd' | 'l-infinity';

function isRankMethod(method: DriftMethod): method is RankMethod {
  return /^(ks|cramer-von-mises|anderson-darling|mann-whitney|wasserstein)$/.test(method);
}

export interface ColumnTest {
  readonly method: DriftMethod;
  /** In which form, where it is not the usual asymptotic one. */
  readonly variant?: 'exact' | 'permutation' | 'fisher' | 'simulated';
  readonly statistic: number;
  readonly pValue: number;
}

/** Rank tests are for numbers; a category that is asked for one is put to the usual test instead. */
export function methodFor(column: SortedColumn, bins: ColumnBins, wanted: DriftMethod | undefined): DriftMethod {
  const usual = column.kind === 'category' || bins.isByValue ? 'chi-squared' : 'ks';
  if (wanted === undefined) return usual;
  return column.kind === 'category' && isRankMethod(wanted) ? usual : wanted;
}

/** Tie blocks of a number's two sides, made when they are needed, and once where a column misses nothing. */
export interface ColumnTies {
  /** Missing values beyond every other. */
  readonly ranked: () => MergedTies;
  readonly finite: () => MergedTies;
}

export function columnTies({ reference, window }: Extract<SortedColumn, { kind: 'number' }>): ColumnTies {
  let [ranked, finite]: (MergedTies | undefined)[] = [];
  const isWhole = [reference, window].every((side) => finiteValues(side).length === side.rows);
  return {
    ranked: () => (ranked ??= mergedTies(rankedValues(reference), rankedValues(window))),
    finite: () => {
      if (isWhole) finite = ranked;
      finite ??= mergedTies(finiteValues(reference), finiteValues(window));
      if (isWhole) ranked = finite;
      return finite;
    },
  };
}

/** Permutation p-values rest on 999 permutations, and more where none came near, unless it is said otherwise. */
export function columnTest(
  method: DriftMethod,
  ties: ColumnTies | undefined,
  bins: ColumnBins,
  seed: number,
  permutations?: number,
): ColumnTest {
  if (isRankMethod(method)) {
    if (ties !== undefined) return rankTest(method, ties, seed, permutations);
    throw new Error(`${method} needs numbers`);
  }
  switch (method) {
    case 'chi-squared':
    case 'g-test': {
      const test = method === 'g-test' ? gTest : chiSquaredContingency;
      const { statistic, pValue, method: variant } = test(...testedCounts(ties, bins), seed);
      return { method, statistic, pValue, ...(variant === 'fisher' || variant === 'permutation' ? { variant } : {}) };
    }
    case 'psi':
      return { method, ...psiTest(bins, seed, permutations) };
    case 'jensen-shannon':
    case 'hellinger':
    case 'tvd':
    case 'l-infinity': {
      const distance = tableDistances[method];
      const [first, second] = frequentCounts(testedCounts(ties, bins));
      const pValue = permutedTable(first, second, finelyOrdered(distance), seed, permutations);
      return { method, statistic: distance(first, second), pValue, variant: 'permutation' };
    }
  }
}

/**
 * What counts are tested on: each value's, or bins of both sides together. Bins of the reference, which PSI and the shown shares have, fix the
 * reference's own counts beforehand, and a test that takes them for a draw cries wolf.
 */
function testedCounts(ties: ColumnTies | undefined, bins: ColumnBins): readonly [readonly number[], readonly number[]] {
  return bins.isByValue || ties === undefined ? bins.counts : pooledBins(ties.ranked());
}

/** Values beyond this many are permuted together. */
const MOST_PERMUTED = 50;

/** The most frequent values of both sides together, and the others as one: what is rare must not be told by one side. */
function frequentCounts([first, second]: readonly [readonly number[], readonly number[]]): [number[], number[]] {
  const totals = first.map((count, value) => ({ value, total: count + (second[value] ?? 0) }));
  const seen = totals.filter(({ total }) => total > 0).toSorted((a, b) => b.total - a.total);
  const common = seen.slice(0, MOST_PERMUTED).map(({ value }) => value);
  const rare = seen.slice(MOST_PERMUTED).map(({ value }) => value);
  const side = (counts: readonly number[]) => {
    const kept = common.map((value) => counts[value] ?? 0);
    return rare.length === 0 ? kept : [...kept, total(rare.map((value) => counts[value] ?? 0))];
  };
  return [side(first), side(second)];
}

const tableDistances: Readonly<Record<DistanceMethod, TableDistance>> = {
  'jensen-shannon': jensenShannon,
  hellinger,
  tvd: totalVariation,
  'l-infinity': (first, second) => lInfinity(first, second).distance,
};

/** Far below any difference of two distances that are not equal. */
const TIE_BREAK = 1e-7;

/**
 * Total variation and L∞ of a small window take few values, so that many tables tie, and a p-value that counts all of them is found at most
 * 5 % too seldom (1 % at 50 rows). Tables that tie are told apart by Hellinger's distance.
 */
function finelyOrdered(distance: TableDistance): TableDistance {
  return (first, second) => distance(first, second) + TIE_BREAK * hellinger(first, second);
}

function rankTest(
  method: RankMethod,
  { ranked, finite }: ColumnTies,
  seed: number,
  permutations: number | undefined,
): ColumnTest {
  const of = (ties: MergedTies) => {
    switch (method) {
      case 'ks':
        return ksOfTies(ties, seed, permutations);
      case 'cramer-von-mises':
        return cramerVonMisesOfTies(ties, seed, permutations);
      case 'anderson-darling':
        return andersonDarlingOfTies(ties, seed, permutations);
      case 'wasserstein':
        return wassersteinTest(ties, seed, permutations);
      case 'mann-whitney': {
        const { u, pValue, method: variant } = mannWhitneyOfTies(ties);
        return { statistic: u, pValue, method: variant };
      }
    }
  };
  // How far mass must be moved is not defined for a value that is missing: only those that are there count.
  const { statistic, pValue, method: variant } = of(method === 'wasserstein' ? finite() : ranked());
  const isTold = variant === 'exact' || variant === 'permutation' || variant === 'simulated';
  return { method, statistic, pValue, ...(isTold ? { variant } : {}) };
}

/**
 * The law of PSI holds where no bin was made by looking at one side: the deciles of numbers, whose noise it accounts for, but not what the
 * reference never showed. Single values are therefore pooled by both sides together, as χ² pools them.
 */
function psiTest(
  bins: ColumnBins,
  seed: number,
  permutations: number | undefined,
): Pick<ColumnTest, 'statistic' | 'pValue' | 'variant'> {
  if (!bins.isByValue) return psiOf(bins.reference, bins.window);
  const { cells } = pooledCells(...bins.counts);
  const [first, second] = [cells.map((cell) => cell.first), cells.map((cell) => cell.second)];
  if (cells.length > 1) return psiOf(first, second);
  const values = frequentCounts(bins.counts);
  const distance: TableDistance = (a, b) => populationStability(a, b, 0.5).psi;
  return {
    statistic: distance(...values),
    pValue: permutedTable(...values, distance, seed, permutations),
    variant: 'permutation',
  };
}

function psiOf(reference: readonly number[], window: readonly number[]): Pick<ColumnTest, 'statistic' | 'pValue'> {
  const { psi, bins } = populationStability(reference, window, 0.5);
  const [n, m] = [total(reference), total(window)];
  return { statistic: psi, pValue: bins < 2 ? 1 : chiSquaredUpper(psi / (1 / n + 1 / m), bins - 1) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
