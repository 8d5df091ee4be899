import type { Column } from '../../serving/model/table.ts';
import type { ColumnSource } from '../data/column-source.ts';
import { referenceEdges } from '../stats/reference-bins.ts';
import { numbersOf } from './comparable-column.ts';
import { isIdentifier } from './identifier.ts';
import { pickRows } from './picked-rows.ts';
import {
  countAtMost,
  countBelow,
  deviationOf,
  finiteValues,
  type SortedSide,
  sortedColumn,
  valueCounts,
} from './sorted-column.ts';

/**
 * What is kept of a reference, so that a later comparison never reads its rows again. Written once, as JSON, beside the model.
 *
 * A number column keeps *knots*: values of its order with how many rows are at or below each. At a knot its distribution function is exact; between
 * two knots lie at most `error` of the rows. Both order statistics beside each decile are knots, so that reference bins, their counts, PSI and
 * Jensen–Shannon come out as from the rows.
 */
export interface Profile {
  readonly kind: 'slipway.profile';
  readonly version: 1;
  /** The reference file's SHA-256, where it came from a file. */
  readonly digest?: string;
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
  /** Whole rows, seeded, for what looks at columns together: values by column. */
  readonly sample: Readonly<Record<string, readonly (number | string | null)[]>>;
  /** Columns that are not kept, and why. */
  readonly left: readonly { readonly column: string; readonly why: string }[];
}

export type ColumnProfile = NumberProfile | CategoryProfile;

export interface NumberProfile {
  readonly type: 'number';
  readonly name: string;
  readonly missing: number;
  /** Of the finite values. */
  readonly mean: number | null;
  readonly deviation: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly bins: { readonly edges: readonly number[]; readonly counts: readonly number[] };
  /** Each knot's value, and how many rows are below it and at most it. */
  readonly knots: {
    readonly values: readonly number[];
    readonly below: readonly number[];
    readonly atMost: readonly number[];
  };
  /** The largest share of rows between two knots: how far the distribution function may be off there. */
  readonly error: number;
}

export interface CategoryProfile {
  readonly type: 'category';
  readonly name: string;
  readonly missing: number;
  /** Rows by value, in the order of their first appearance. */
  readonly values: readonly string[];
  readonly counts: readonly number[];
}

/** Knots of a number: the distribution function is off by at most a five-thousandth between them. */
const KNOTS = 5000;
/** More different texts than this are no categories, and no profile wants to keep them. */
const MOST_VALUES = 10_000;

export interface ProfileOptions {
  readonly seed: number;
  readonly digest?: string;
  /** Columns of personal data: nothing of them is kept. */
  readonly pii?: readonly string[];
  readonly onColumn?: (name: string, done: number, of: number) => void;
}

/** Reads every column once, one at a time. Throws where a column cannot be read. */
export async function profileOf(source: ColumnSource, options: ProfileOptions): Promise<Profile> {
  const pii = new Set(options.pii);
  const names = source.names.filter((name) => !pii.has(name));
  const { reference: rows } = pickRows(source.rows, 0, options.seed);
  const columns: ColumnProfile[] = [];
  const sample: Record<string, readonly (number | string | null)[]> = {};
  const left = source.names
    .filter((name) => pii.has(name))
    .map((column) => ({ column, why: 'personal data: a profile keeps nothing of it' }));
  let done = 0;
  for await (const read of source.columns(names)) {
    options.onColumn?.(names[done] ?? '', done, names.length);
    done += 1;
    if (read.kind === 'problem')
      throw new Error(`column "${read.problem.column ?? ''}" cannot be read: ${read.problem.reason}`);
    if (read.kind === 'left') left.push({ column: read.column, why: read.why });
    else {
      const { column } = read;
      const found = isIdentifier(column) ? IDENTIFIER : columnProfile(column);
      if (typeof found === 'string') left.push({ column: column.name, why: found });
      else {
        columns.push(found);
        sample[column.name] = Array.from(rows, (row) => sampleCell(column, row));
      }
    }
  }
  const digest = options.digest === undefined ? {} : { digest: options.digest };
  return { kind: 'slipway.profile', version: 1, ...digest, rows: source.rows, columns, sample, left };
}

const IDENTIFIER = 'every row has a value of its own: an identifier';

function columnProfile(column: Column): ColumnProfile | string {
  if (column.kind === 'list') return 'a list of numbers has no distribution that a profile keeps';
  if (column.kind === 'category') return categoryProfile(column);
  const sorted = sortedColumn({ kind: 'number', reference: numbersOf(column), window: new Float64Array(0) });
  return sorted.kind === 'number' ? numberProfile(column.name, sorted.reference) : 'it holds no numbers';
}

function categoryProfile({ name, dictionary, codes }: Extract<Column, { kind: 'category' }>): CategoryProfile | string {
  if (dictionary.length > MOST_VALUES)
    return `${dictionary.length} different values: more than the ${MOST_VALUES} that a profile keeps`;
  const counts = new Float64Array(dictionary.length);
  let missing = 0;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] ?? -1;
    if (code < 0) missing++;
    else counts[code] = (counts[code] ?? 0) + 1;
  }
  return { type: 'category', name, missing, values: dictionary, counts: [...counts] };
}

function numberProfile(name: string, side: SortedSide): NumberProfile | string {
  const { values, missing } = side;
  const finite = finiteValues(side);
  if (finite.length < values.length) return 'it holds infinite values, which JSON cannot keep';
  const edges = referenceEdges(values);
  const below = [...edges.map((edge) => countBelow(values, edge)), values.length];
  return {
    type: 'number',
    name,
    missing,
    mean: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
    deviation: values.length === 0 ? null : deviationOf(values),
    min: values[0] ?? null,
    max: values.at(-1) ?? null,
    bins: { edges, counts: below.map((count, i) => count - (below[i - 1] ?? 0)) },
    ...knotsOf(values),
  };
}

/** Every different value where they are few; else those at even ranks, and both beside each decile. */
function knotsOf(values: Float64Array): Pick<NumberProfile, 'knots' | 'error'> {
  const few = valueCounts(values, KNOTS);
  const every = few === undefined ? spreadValues(values) : [...few.keys()];
  const below = every.map((value) => countBelow(values, value));
  const atMost = every.map((value) => countAtMost(values, value));
  const between = below.map((count, k) => count - (atMost[k - 1] ?? 0));
  return {
    knots: { values: every, below, atMost },
    error: values.length === 0 ? 0 : Math.max(...between) / values.length,
  };
}

function spreadValues(values: Float64Array): readonly number[] {
  const last = values.length - 1;
  const even = Array.from({ length: KNOTS + 1 }, (_, k) => Math.round((k / KNOTS) * last));
  const deciles = Array.from({ length: 9 }, (_, k) => Math.floor(((k + 1) / 10) * last));
  const ranks = [...even, ...deciles, ...deciles.map((rank) => rank + 1)];
  return [...new Set(ranks.map((rank) => values[rank] ?? 0))].toSorted((a, b) => a - b);
}

function sampleCell(column: Column, row: number): number | string | null {
  switch (column.kind) {
    case 'list':
      return null;
    case 'category':
      return column.dictionary[column.codes[row] ?? -1] ?? null;
    case 'integer':
      return column.missing[row] === 1 ? null : Number(column.values[row]);
    case 'number': {
      const value = column.values[row] ?? NaN;
      return Number.isFinite(value) ? value : null;
    }
  }
}
