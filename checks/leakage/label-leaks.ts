import { spreadRows } from '../../serving/model/rows.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import type { EvaluationData, Labels } from '../evidence/evidence.ts';
import { rocAuc } from '../stats/roc-auc.ts';

/** How much one column tells of the label, all by itself. */
export type Leak =
  /** One value for each class, or the label's numbers in other units: the label under another name. */
  | { readonly kind: 'copy'; readonly column: string; readonly rows: number; readonly how: string }
  /** Each of its values comes with one class only, and each comes often. */
  | { readonly kind: 'determines'; readonly column: string; readonly rows: number; readonly values: number }
  /** Closer than real columns are. */
  | {
      readonly kind: 'suspicious';
      readonly column: string;
      readonly rows: number;
      readonly measure: 'auc' | 'r2';
      readonly value: number;
    };

export interface LeakSearch {
  readonly leaks: readonly Leak[];
  /** Columns that were looked at, and the closest of those that give nothing away. */
  readonly columns: number;
  readonly closest?: { readonly column: string; readonly measure: 'auc' | 'r2'; readonly value: number };
}

/** Fewer rows, or fewer of the rarer class, and chance makes such columns. */
export const FEWEST_ROWS = 200;
const FEWEST_OF_CLASS = 20;
/** Rows a value has on average, for "each value comes with one class" to mean anything. */
const ROWS_A_VALUE = 20;
/** Beyond this a single column says nearly all; real ones rarely come near. */
export const SUSPICIOUS = 0.999;
/** Two columns that differ by their unit alone correlate perfectly but for rounding. */
const PERFECT = 1 - 1e-9;
/** Areas are computed on at most this many rows; copies are looked for in all. */
const MOST_ROWS = 50_000;

/** Undefined where there are too few rows to tell. */
export function findLeaks({ table, labels }: EvaluationData, inputs: readonly string[]): LeakSearch | undefined {
  if (table.rows < FEWEST_ROWS || rarerOf(labels) < FEWEST_OF_CLASS) return undefined;
  const rows = spreadRows(table.rows, Math.min(table.rows, MOST_ROWS));
  const looked = inputs.flatMap((name) => {
    const column = table.columns.get(name);
    return column === undefined || column.kind === 'list' ? [] : [lookAt(column, table, labels, rows)];
  });
  const [closest] = looked
    .flatMap(({ leak, near }) => (leak === undefined && near !== undefined ? [near] : []))
    .toSorted((a, b) => b.value - a.value);
  return {
    leaks: looked.flatMap(({ leak }) => (leak === undefined ? [] : [leak])),
    columns: looked.length,
    ...(closest === undefined ? {} : { closest }),
  };
}

/** Of the rarest class that is there at all; of numbers, how many different ones. */
function rarerOf(labels: Labels): number {
  if (labels.kind === 'values') return new Set(labels.values).size;
  const counts = new Map<number, number>();
  for (const code of labels.codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts.size < 2 ? 0 : Math.min(...counts.values());
}

type Near = NonNullable<LeakSearch['closest']>;
type Looked = { readonly leak?: Leak; readonly near?: Near };

function lookAt(column: Exclude<Column, { kind: 'list' }>, table: Table, labels: Labels, rows: Int32Array): Looked {
  const { name } = column;
  const at = numbersOf(column);
  const told = { column: name, rows: table.rows };
  if (labels.kind === 'values') {
    if (column.kind === 'category') return {};
    const r = correlation(at, labels.values, table.rows);
    if (r === undefined) return {};
    if (Math.abs(r) >= PERFECT)
      return { leak: { kind: 'copy', ...told, how: 'its numbers are the label in other units' } };
    return nearOf(told, 'r2', r * r);
  }
  const values = valuesByClass(at, labels.codes, table.rows);
  if (values !== undefined) {
    const classes = new Set(labels.codes).size;
    return values === classes
      ? {
          leak: {
            kind: 'copy',
            ...told,
            how: `each of its ${values} values comes with one class, and each class with one value`,
          },
        }
      : { leak: { kind: 'determines', ...told, values } };
  }
  if (column.kind === 'category' || labels.classes.length !== 2) return {};
  const known = rows.filter((row) => !Number.isNaN(at(row)));
  if (known.length < FEWEST_ROWS) return {};
  const auc = rocAuc(
    Float64Array.from(known, at),
    Uint8Array.from(known, (row) => (labels.codes[row] === 1 ? 1 : 0)),
  );
  return auc === undefined ? {} : nearOf(told, 'auc', Math.max(auc, 1 - auc));
}

function nearOf(
  told: { readonly column: string; readonly rows: number },
  measure: Near['measure'],
  value: number,
): Looked {
  const near = { column: told.column, measure, value };
  return value >= SUSPICIOUS ? { leak: { kind: 'suspicious', ...told, measure, value }, near } : { near };
}

/** A category as its code, −1 where it is missing; missing numbers are NaN. */
function numbersOf(column: Exclude<Column, { kind: 'list' }>): (row: number) => number {
  switch (column.kind) {
    case 'number':
      return (row) => column.values[row] ?? NaN;
    case 'integer':
      return (row) => (column.missing[row] === 1 ? NaN : Number(column.values[row] ?? 0n));
    case 'category':
      return (row) => column.codes[row] ?? -1;
  }
}

/** How many different values there are when each comes with one class only, and often; undefined else, as soon as that is clear. */
function valuesByClass(at: (row: number) => number, codes: Int32Array, rows: number): number | undefined {
  const most = rows / ROWS_A_VALUE;
  const classOf = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const value = at(row);
    const code = codes[row] ?? -1;
    const known = classOf.get(value);
    if (known === undefined) {
      classOf.set(value, code);
      if (classOf.size > most) return undefined;
    } else if (known !== code) return undefined;
  }
  return classOf.size > 1 ? classOf.size : undefined;
}

/** Pearson's, of the rows that hold both; undefined for a constant column or too few rows. */
function correlation(at: (row: number) => number, labels: Float64Array, rows: number): number | undefined {
  let [n, x, y] = [0, 0, 0];
  const isKnown = (row: number) => Number.isFinite(at(row)) && Number.isFinite(labels[row] ?? NaN);
  for (let row = 0; row < rows; row++)
    if (isKnown(row)) {
      n += 1;
      x += (at(row) - x) / n;
      y += ((labels[row] ?? 0) - y) / n;
    }
  if (n < FEWEST_ROWS) return undefined;
  let [xx, yy, xy] = [0, 0, 0];
  for (let row = 0; row < rows; row++)
    if (isKnown(row)) {
      const [a, b] = [at(row) - x, (labels[row] ?? 0) - y];
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
  return xx === 0 || yy === 0 ? undefined : xy / Math.sqrt(xx * yy);
}
