import { referenceEdges } from '../stats/reference-bins.ts';
import { countBelow, type SortedColumn, type SortedSide, valueCounts } from './sorted-column.ts';

/** Rows by bin of the reference, on both sides; missing values last, where there are any. */
export interface ColumnBins {
  readonly reference: readonly number[];
  readonly window: readonly number[];
  readonly names: readonly string[];
  /** Between numeric bins. */
  readonly edges?: readonly number[];
  /** Each value's counts, for tests that pool in their own way; missing values last. The bins themselves where they are numeric. */
  readonly counts: readonly [readonly number[], readonly number[]];
  /** The bins are single values, of text or of a number that has few. */
  readonly isByValue: boolean;
}

/** A number with at most this many different values is told by its values, not by its order. */
export const FEW_VALUES = 20;
/** Categories beyond this many share a bin; the test pools the rare ones in its own way. */
const MOST_BINS = 50;

export function columnBins(column: SortedColumn): ColumnBins {
  if (column.kind === 'category') {
    const { dictionary, reference, window } = column;
    return valueBins(dictionary, codeCounts(dictionary.length, reference), codeCounts(dictionary.length, window));
  }
  return fewValueBins(column) ?? quantileBins(column);
}

/** Counts by code, missing values last. */
function codeCounts(codes: number, values: Int32Array): number[] {
  const counts = new Float64Array(codes + 1);
  for (let row = 0; row < values.length; row++) {
    const code = values[row] ?? -1;
    const at = code < 0 ? codes : code;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return [...counts];
}

type NumberColumn = Extract<SortedColumn, { kind: 'number' }>;

/** A number's values as categories; undefined when there are many. */
function fewValueBins({ reference, window }: NumberColumn): ColumnBins | undefined {
  const first = valueCounts(reference.values, FEW_VALUES);
  const second = first === undefined ? undefined : valueCounts(window.values, FEW_VALUES);
  if (first === undefined || second === undefined) return undefined;
  const values = [...new Set([...first.keys(), ...second.keys()])];
  if (values.length > FEW_VALUES) return undefined;
  const side = (counts: ReadonlyMap<number, number>, { missing }: SortedSide) => [
    ...values.map((value) => counts.get(value) ?? 0),
    missing,
  ];
  return valueBins(values.map(String), side(first, reference), side(second, window));
}

/** Deciles of the reference with open ends. */
function quantileBins({ reference, window }: NumberColumn): ColumnBins {
  const edges = referenceEdges(reference.values);
  const names = Array.from({ length: edges.length + 1 }, (_, i) => binName(edges, i));
  const [first, second] = [edgeCounts(reference.values, edges), edgeCounts(window.values, edges)];
  const bins = withMissing(first, second, names, reference.missing, window.missing);
  return { ...bins, edges, counts: [bins.reference, bins.window], isByValue: false };
}

/** Bin i holds edge[i−1] ≤ x < edge[i], as `binCounts` counts values that are in no order. */
function edgeCounts(values: Float64Array, edges: readonly number[]): number[] {
  const below = [...edges.map((edge) => countBelow(values, edge)), values.length];
  return below.map((count, i) => count - (below[i - 1] ?? 0));
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
function valueBins(values: readonly string[], first: readonly number[], second: readonly number[]): ColumnBins {
  const codes = values.map((_, code) => code);
  const seen = codes.filter((code) => (first[code] ?? 0) > 0).toSorted((a, b) => (first[b] ?? 0) - (first[a] ?? 0));
  const unseen = codes.filter((code) => (first[code] ?? 0) === 0);
  const rest = [
    { name: 'rarer values', of: seen.slice(MOST_BINS) },
    { name: 'unseen values', of: unseen },
  ].filter(({ of }) => of.length > 0);
  const groups = [...seen.slice(0, MOST_BINS).map((code) => ({ name: values[code] ?? '', of: [code] })), ...rest];
  const sums = (counts: readonly number[]) =>
    groups.map(({ of }) => of.reduce((total, code) => total + (counts[code] ?? 0), 0));
  const names = groups.map(({ name }) => name);
  const bins = withMissing(sums(first), sums(second), names, first.at(-1) ?? 0, second.at(-1) ?? 0);
  return { ...bins, counts: [first, second], isByValue: true };
}

function withMissing(reference: number[], window: number[], names: string[], first: number, second: number) {
  if (first + second === 0) return { reference, window, names };
  return { reference: [...reference, first], window: [...window, second], names: [...names, 'missing'] };
}
