import type { Column, Table } from '../../serving/model/table.ts';
import type { CohortRule, Manifest } from '../manifest/manifest.ts';
import { quantileSorted } from '../stats/quantile.ts';

/**
 * A *cohort* is the rows that share a column's value or bin; an *intersection* is the rows of two cohorts of different columns.
 */
export interface Cohort {
  /** For ids, without spaces: `sex=Female`, `age=25-44`, `sex=Female&age=under-25`. */
  readonly key: string;
  /** For people: `sex = Female`, `age 25–44`. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly intersection: boolean;
  /** Row numbers, ascending. */
  readonly rows: Uint32Array;
}

/** More values than this are not told apart: the most frequent are, the rest is one cohort. */
const MOST_VALUES = 20;
/** An intersection of fewer rows says nothing. */
const FEWEST_INTERSECTION_ROWS = 30;
const MOST_INTERSECTIONS = 200;
const EDGE_DIGITS = 4;

/** Declared cohorts, then every protected column that is not among them. */
export function cohortRules(manifest: Manifest): readonly (CohortRule & { readonly declared: boolean })[] {
  const declared = manifest.evaluation.cohorts.map((rule) => ({ ...rule, declared: true }));
  const named = new Set(declared.map(({ column }) => column));
  const protectedColumns = Object.entries(manifest.columns)
    .filter(([column, domain]) => domain.protected && !named.has(column))
    .map(([column]) => ({ column, declared: false }));
  return [...declared, ...protectedColumns];
}

/** The cohorts of one column among some rows; rows without a value are a cohort of their own. Undefined for a list column. */
export function cohortsOfColumn(table: Table, rule: CohortRule, rows: Uint32Array): readonly Cohort[] | undefined {
  const column = table.columns.get(rule.column);
  if (column === undefined || column.kind === 'list') return undefined;
  const labelOf = column.kind === 'category' ? categoryLabel(column, rows) : numberLabel(column, rule.bins, rows);
  const members = new Map<string, number[]>();
  for (const row of rows) {
    const label = labelOf(row);
    const list = members.get(label.key);
    if (list === undefined) members.set(label.key, [row]);
    else list.push(row);
  }
  return [...members]
    .map(([, list]) => {
      const label = labelOf(list[0] ?? 0);
      const cohort: Cohort = {
        key: `${rule.column}=${label.key}`.replace(/\s+/g, '-'),
        name: label.ranges ? `${rule.column} ${label.name}` : `${rule.column} = ${label.name}`,
        columns: [rule.column],
        intersection: false,
        rows: Uint32Array.from(list),
      };
      return { order: label.order, cohort };
    })
    .toSorted((a, b) => a.order - b.order)
    .map(({ cohort }) => cohort);
}

/** Every pair of cohorts of different columns that shares rows enough; the largest first where there are too many. */
export function intersectionsOf(cohorts: readonly Cohort[]): readonly Cohort[] {
  const pairs: Cohort[] = [];
  cohorts.forEach((first, i) => {
    const inFirst = new Set(first.rows);
    for (const second of cohorts.slice(i + 1)) {
      if (first.columns[0] === second.columns[0]) continue;
      const rows = second.rows.filter((row) => inFirst.has(row));
      if (
        rows.length < FEWEST_INTERSECTION_ROWS ||
        rows.length === first.rows.length ||
        rows.length === second.rows.length
      )
        continue;
      pairs.push({
        key: `${first.key}&${second.key}`,
        name: `${first.name}, ${second.name}`,
        columns: [...first.columns, ...second.columns],
        intersection: true,
        rows,
      });
    }
  });
  return pairs.toSorted((a, b) => b.rows.length - a.rows.length).slice(0, MOST_INTERSECTIONS);
}

interface Label {
  readonly key: string;
  readonly name: string;
  readonly order: number;
  readonly ranges?: boolean;
}

const missing: Label = { key: 'missing', name: 'missing', order: Infinity };
const other: Label = { key: 'other', name: 'every other value', order: 1e9 };

function categoryLabel(column: Extract<Column, { kind: 'category' }>, rows: Uint32Array): (row: number) => Label {
  const counts = new Map<number, number>();
  for (const row of rows) {
    const code = column.codes[row] ?? -1;
    if (code >= 0) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const common = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, MOST_VALUES);
  const labels = new Map(
    common.map(([code], order) => {
      const name = column.dictionary[code] ?? '';
      return [code, { key: name, name, order }];
    }),
  );
  return (row) => {
    const code = column.codes[row] ?? -1;
    return code < 0 ? missing : (labels.get(code) ?? other);
  };
}

/** Declared bins; else the values themselves when they are few; else quarters of the rows. */
function numberLabel(
  column: Extract<Column, { kind: 'number' | 'integer' }>,
  declared: readonly number[] | undefined,
  rows: Uint32Array,
): (row: number) => Label {
  const at = (row: number) => {
    if (column.kind === 'number') return column.values[row] ?? NaN;
    return column.missing[row] === 1 ? NaN : Number(column.values[row] ?? 0n);
  };
  const known = Float64Array.from(rows, at)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const distinct = [...new Set(known)];
  if (declared === undefined && distinct.length <= MOST_VALUES) {
    return (row) => {
      const value = at(row);
      return Number.isNaN(value) ? missing : { key: String(value), name: String(value), order: value };
    };
  }
  // Rounded, since an edge is read by people and named in findings.
  const quarters = [0.25, 0.5, 0.75].map((p) => Number(quantileSorted(known, p).toPrecision(EDGE_DIGITS)));
  const edges = [...new Set(declared ?? quarters)].toSorted((a, b) => a - b);
  const whole = known.every(Number.isInteger) && edges.every(Number.isInteger);
  return (row) => {
    const value = at(row);
    if (Number.isNaN(value)) return missing;
    const bin = edges.filter((edge) => value >= edge).length;
    return { ...binLabel(edges[bin - 1], edges[bin], whole), order: bin, ranges: true };
  };
}

/** `under 25`, `25–44` (whole numbers), `0.25 to under 0.5`, `65+`. The lower edge belongs to the bin. */
function binLabel(from: number | undefined, to: number | undefined, whole: boolean): Pick<Label, 'key' | 'name'> {
  if (from === undefined) return { key: `under-${to}`, name: `under ${to}` };
  if (to === undefined) return { key: `${from}+`, name: `${from}+` };
  if (whole && to - from === 1) return { key: String(from), name: String(from) };
  return whole
    ? { key: `${from}-${to - 1}`, name: `${from}–${to - 1}` }
    : { key: `${from}-to-${to}`, name: `${from} to under ${to}` };
}
