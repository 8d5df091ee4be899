import { chiSquaredContingency } from '../stats/chi-squared-contingency.ts';
import { chiSquaredUpper } from '../stats/chi-squared-upper.ts';
import { jensenShannon } from '../stats/jensen-shannon.ts';
import { ksTwoSample } from '../stats/ks-two-sample.ts';
import { momentsOf } from '../stats/moments.ts';
import { populationStability } from '../stats/population-stability.ts';
import { binCounts, referenceEdges } from '../stats/reference-bins.ts';
import { wasserstein } from '../stats/wasserstein.ts';
import type { ComparableColumn } from './comparable-column.ts';

/** Tests that a column can be put to; each gives a p-value. */
export const driftMethods = ['ks', 'chi-squared', 'psi'] as const;
export type DriftMethod = (typeof driftMethods)[number];

/** How one column, the predictions or the labels differ between two samples, before anyone judges. */
export interface ColumnDrift {
  readonly type: 'number' | 'category';
  /** What gave the p-value. */
  readonly method: DriftMethod;
  /** In which form, where it is not the usual asymptotic one. */
  readonly variant?: 'exact' | 'permutation' | 'fisher';
  readonly statistic: number;
  readonly pValue: number;
  readonly psi: number;
  /** What PSI stays below with probability 1 − α at these sizes when nothing drifted. */
  readonly psiCritical: number;
  readonly missing: { readonly reference: number; readonly window: number };
  /** Base 2, the distance. */
  readonly jensenShannon: number;
  /** Over the reference's standard deviation; undefined for categories and constant columns. */
  readonly wasserstein?: number;
  /** Share of the rows by bin of the reference; missing and unseen values last, where there are any. */
  readonly shares: {
    readonly reference: readonly number[];
    readonly window: readonly number[];
    readonly bins: readonly string[];
  };
  /** One value on both sides: there is nothing to compare. */
  readonly constant: boolean;
}

/** A number with at most this many different values is told by its values, not by its order. */
const FEW_VALUES = 20;
/** Categories beyond this many share a bin; the test pools the rare ones in its own way. */
const MOST_BINS = 50;

/** Compares one column. Missing values count: they are a category, a bin, and in KS a value beyond every other. */
export function columnDrift(
  column: ComparableColumn,
  options: { readonly alpha: number; readonly seed: number; readonly method?: DriftMethod },
): ColumnDrift {
  const few = column.kind === 'number' ? fewValues(column) : undefined;
  const bins =
    column.kind === 'category' ? categoryBins(column) : few === undefined ? quantileBins(column) : categoryBins(few);
  const { reference, window, names } = bins;
  const { psi, critical, bins: used } = populationStability(reference, window, options.alpha);
  const sizes = [column.reference.length, column.window.length] as const;
  const usual = column.kind === 'category' || few !== undefined ? 'chi-squared' : 'ks';
  const method = column.kind === 'category' && options.method === 'ks' ? usual : (options.method ?? usual);
  const test = testOf(method, column, few, options.seed, () => ({
    statistic: psi,
    pValue: used < 2 ? 1 : chiSquaredUpper(psi / (1 / sizes[0] + 1 / sizes[1]), used - 1),
  }));
  return {
    type: column.kind,
    ...test,
    psi,
    psiCritical: critical,
    missing: { reference: missingShare(column.reference), window: missingShare(column.window) },
    jensenShannon: jensenShannon(reference, window),
    ...wassersteinOf(column),
    shares: { reference: sharesOf(reference), window: sharesOf(window), bins: names },
    constant: isConstant(column),
  };
}

interface Test {
  readonly method: DriftMethod;
  readonly variant?: 'exact' | 'permutation' | 'fisher';
  readonly statistic: number;
  readonly pValue: number;
}

function testOf(
  method: DriftMethod,
  column: ComparableColumn,
  few: CategoryColumn | undefined,
  seed: number,
  psi: () => Pick<Test, 'statistic' | 'pValue'>,
): Test {
  if (method === 'psi') return { method: 'psi', ...psi() };
  if (method === 'ks' && column.kind === 'number') {
    const { statistic, pValue, method: variant } = ksTwoSample(beyond(column.reference), beyond(column.window), seed);
    return { method, statistic, pValue, ...(variant === 'asymptotic' ? {} : { variant }) };
  }
  const counted = column.kind === 'category' ? column : (few ?? binnedColumn(column));
  const { statistic, pValue, method: variant } = chiSquaredContingency(...tableOf(counted), seed);
  return {
    method: 'chi-squared',
    statistic,
    pValue,
    ...(variant === 'fisher' || variant === 'permutation' ? { variant } : {}),
  };
}

type NumberColumn = Extract<ComparableColumn, { kind: 'number' }>;
type CategoryColumn = Extract<ComparableColumn, { kind: 'category' }>;

/** KS compares ordered values: a missing one stands after every other, so that a change of their share is seen. */
function beyond(values: Float64Array): Float64Array {
  return values.map((value) => (Number.isNaN(value) ? Infinity : value));
}

/** The column with its values as categories; undefined when there are many. */
function fewValues({ reference, window }: NumberColumn): CategoryColumn | undefined {
  const values = new Map<number, number>();
  for (const side of [reference, window]) {
    for (const value of side) {
      if (Number.isNaN(value) || values.has(value)) continue;
      if (values.size === FEW_VALUES) return undefined;
      values.set(value, values.size);
    }
  }
  const coded = (side: Float64Array) => Int32Array.from(side, (value) => values.get(value) ?? -1);
  return {
    kind: 'category',
    dictionary: [...values.keys()].map(String),
    reference: coded(reference),
    window: coded(window),
  };
}

/** A number column asked for χ²: its reference deciles as categories. */
function binnedColumn({ reference, window }: NumberColumn): CategoryColumn {
  const edges = referenceEdges(known(reference).sort());
  const coded = (side: Float64Array) =>
    Int32Array.from(side, (value) => (Number.isNaN(value) ? -1 : edges.filter((edge) => edge <= value).length));
  return {
    kind: 'category',
    dictionary: ['', ...edges.map(String)],
    reference: coded(reference),
    window: coded(window),
  };
}

/** Counts by code, missing values last. */
function tableOf({ dictionary, reference, window }: CategoryColumn): [number[], number[]] {
  const count = (codes: Int32Array) => {
    const counts = Array.from({ length: dictionary.length + 1 }, () => 0);
    for (const code of codes) {
      const at = code < 0 ? dictionary.length : code;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  return [count(reference), count(window)];
}

interface Bins {
  readonly reference: readonly number[];
  readonly window: readonly number[];
  readonly names: readonly string[];
}

function quantileBins({ reference, window }: NumberColumn): Bins {
  const edges = referenceEdges(known(reference).sort());
  const [first, second] = [binCounts(reference, edges), binCounts(window, edges)];
  const names = Array.from({ length: edges.length + 1 }, (_, i) => binName(edges, i));
  return withMissing([...first.counts], [...second.counts], names, first.missing, second.missing);
}

/** `under 2`, `2 to 5`, `0` (a value that is a bin of its own), `9 and more`. */
function binName(edges: readonly number[], bin: number): string {
  const [from, to] = [edges[bin - 1], edges[bin]];
  if (from === undefined) return to === undefined ? 'every value' : `under ${shortNumber(to)}`;
  if (to === undefined) return `${shortNumber(from)} and more`;
  return shortNumber(from) === shortNumber(to) ? shortNumber(from) : `${shortNumber(from)} to ${shortNumber(to)}`;
}

function shortNumber(value: number): string {
  return Math.abs(value) === Number.MIN_VALUE ? '0' : String(Number(value.toPrecision(6)));
}

/** The reference's values by frequency, its rarer ones together, then what the reference never showed. */
function categoryBins(column: CategoryColumn): Bins {
  const [first, second] = tableOf(column);
  const missing = column.dictionary.length;
  const codes = column.dictionary.map((_, code) => code);
  const seen = codes.filter((code) => (first[code] ?? 0) > 0).toSorted((a, b) => (first[b] ?? 0) - (first[a] ?? 0));
  const unseen = codes.filter((code) => (first[code] ?? 0) === 0);
  const common = seen.slice(0, MOST_BINS);
  const rare = seen.slice(MOST_BINS);
  const sum = (counts: readonly number[], of: readonly number[]) =>
    of.reduce((total, code) => total + (counts[code] ?? 0), 0);
  const rest = [
    { name: 'rarer values', of: rare },
    { name: 'unseen values', of: unseen },
  ].filter(({ of }) => of.length > 0);
  const groups = [...common.map((code) => ({ name: column.dictionary[code] ?? '', of: [code] })), ...rest];
  return withMissing(
    groups.map(({ of }) => sum(first, of)),
    groups.map(({ of }) => sum(second, of)),
    groups.map(({ name }) => name),
    first[missing] ?? 0,
    second[missing] ?? 0,
  );
}

function withMissing(reference: number[], window: number[], names: string[], first: number, second: number): Bins {
  if (first + second === 0) return { reference, window, names };
  return { reference: [...reference, first], window: [...window, second], names: [...names, 'missing'] };
}

function known(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value));
}

function missingShare(values: Float64Array | Int32Array): number {
  let missing = 0;
  for (const value of values) if (values instanceof Int32Array ? value < 0 : Number.isNaN(value)) missing++;
  return values.length === 0 ? 0 : missing / values.length;
}

function wassersteinOf(column: ComparableColumn): Pick<ColumnDrift, 'wasserstein'> {
  if (column.kind === 'category') return {};
  const [reference, window] = [finite(column.reference), finite(column.window)];
  const spread = Math.sqrt(momentsOf(reference).variance);
  if (spread === 0 || window.length === 0) return {};
  return { wasserstein: wasserstein(reference, window) / spread };
}

function finite(values: Float64Array): Float64Array {
  return values.filter(Number.isFinite);
}

function sharesOf(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}

function isConstant({ reference, window }: ComparableColumn): boolean {
  const [first] = reference;
  const same = (value: number) => value === first || (Number.isNaN(value) && Number.isNaN(first));
  return reference.every(same) && window.every(same);
}
