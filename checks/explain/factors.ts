import type { Signature } from '../../serving/model/signature.ts';
import type { Column, ListColumn, Table } from '../../serving/model/table.ts';

/** What is exchanged as one: a column, or some elements of a list column. */
export interface Factor {
  /** For people: `age`, `pixels[0–1, 2–3]`. */
  readonly name: string;
  readonly column: string;
  /** The elements of each list; undefined: the whole value. */
  readonly places?: Int32Array;
}

/** Patches a list is cut into at most along each of its last two dimensions; along the only one of a plain list. */
const PATCHES_A_SIDE = 4;
const PATCHES_OF_PLAIN_LIST = 8;

/**
 * The factors of a model's input columns. A list whose rows are all of one length is cut into patches, along the last two dimensions of the shape
 * in which the graph takes it (all channels together), or into runs where it is flat; any other list is one factor.
 */
export function factorsOf({ inputs, columns }: Pick<Signature, 'inputs' | 'columns'>, table: Table): readonly Factor[] {
  return columns.flatMap(({ name }): readonly Factor[] => {
    const column = table.columns.get(name);
    if (column?.kind !== 'list') return [{ name, column: name }];
    const length = commonLength(column);
    const shape = inputs.find((input) => input.list && input.columns.includes(name))?.rowShape ?? [];
    return length === undefined ? [{ name, column: name }] : patchesOf(name, length, shape);
  });
}

function commonLength({ values }: ListColumn): number | undefined {
  const length = values[0]?.length;
  return length !== undefined && values.every((value) => value?.length === length) ? length : undefined;
}

function patchesOf(column: string, length: number, shape: readonly number[]): readonly Factor[] {
  const [height = 1, width = length] = planeOf(length, shape);
  const rows = runsOf(height, height === 1 ? 1 : PATCHES_A_SIDE);
  const columns = runsOf(width, height === 1 ? PATCHES_OF_PLAIN_LIST : PATCHES_A_SIDE);
  if (rows.length * columns.length === 1) return [{ name: column, column }];
  return rows.flatMap((row) =>
    columns.map((run): Factor => {
      const inside = (place: number): boolean => {
        const y = Math.floor(place / width) % height;
        const x = place % width;
        return y >= row.from && y < row.to && x >= run.from && x < run.to;
      };
      const places = Int32Array.from({ length }, (_, place) => place).filter(inside);
      const name = height === 1 ? `${column}[${runText(run)}]` : `${column}[${runText(row)}, ${runText(run)}]`;
      return { name, column, places };
    }),
  );
}

/** Height and width of the picture that a list is; an unknown dimension of a square is found. */
function planeOf(length: number, shape: readonly number[]): readonly number[] {
  const [height, width] = shape.slice(-2);
  if (shape.length < 2 || height === undefined || width === undefined || height < 1 || width < 1) return [];
  return length % (height * width) === 0 ? [height, width] : [];
}

interface Run {
  readonly from: number;
  readonly to: number;
}

function runsOf(size: number, most: number): readonly Run[] {
  const count = Math.min(size, most);
  return Array.from({ length: count }, (_, i) => ({
    from: Math.floor((i * size) / count),
    to: Math.floor(((i + 1) * size) / count),
  }));
}

function runText({ from, to }: Run): string {
  return to - from === 1 ? String(from) : `${from}–${to - 1}`;
}

/**
 * Rows put together factor by factor: in row i, factor k has the value that it has in row `picks[k][i]` of `table`. Columns that no factor names are
 * left out. Every list of `picks` has the same length.
 */
export function composeRows(table: Table, factors: readonly Factor[], picks: readonly ArrayLike<number>[]): Table {
  const rows = picks[0]?.length ?? 0;
  const columns = new Map<string, Column>();
  for (const name of new Set(factors.map(({ column }) => column))) {
    const own = factors.flatMap((factor, k) => (factor.column === name ? [{ factor, from: picks[k] ?? [] }] : []));
    const column = table.columns.get(name);
    if (column === undefined) throw new Error(`the rows have no column "${name}"`);
    columns.set(name, composeColumn(column, own, rows));
  }
  return { rows, columns };
}

function composeColumn(
  column: Column,
  own: readonly { readonly factor: Factor; readonly from: ArrayLike<number> }[],
  rows: number,
): Column {
  const from = own[0]?.from ?? [];
  switch (column.kind) {
    case 'number':
      return { ...column, values: Float64Array.from(from, (row) => column.values[row] ?? NaN) };
    case 'integer':
      return {
        ...column,
        values: BigInt64Array.from(from, (row) => column.values[row] ?? 0n),
        missing: Uint8Array.from(from, (row) => column.missing[row] ?? 1),
      };
    case 'category':
      return { ...column, codes: Int32Array.from(from, (row) => column.codes[row] ?? -1) };
    case 'list':
      return own.every(({ factor }) => factor.places === undefined)
        ? { ...column, values: Array.from(from, (row) => column.values[row]) }
        : { ...column, values: Array.from({ length: rows }, (_, i) => composeList(column, own, i)) };
  }
}

function composeList(
  { values }: ListColumn,
  own: readonly { readonly factor: Factor; readonly from: ArrayLike<number> }[],
  i: number,
): Float64Array {
  const list = Float64Array.from(values[own[0]?.from[i] ?? 0] ?? []);
  for (const { factor, from } of own) {
    const source = values[from[i] ?? 0];
    for (const place of factor.places ?? []) list[place] = source?.[place] ?? NaN;
  }
  return list;
}

/** Whether a factor has the same value in two rows; a missing value equals a missing value. */
export function sameValue(table: Table, { column: name, places }: Factor, first: number, second: number): boolean {
  const column = table.columns.get(name);
  switch (column?.kind) {
    case 'number':
      return Object.is(column.values[first], column.values[second]);
    case 'integer':
      return column.missing[first] === column.missing[second] && column.values[first] === column.values[second];
    case 'category':
      return column.codes[first] === column.codes[second];
    case 'list': {
      const [a, b] = [column.values[first], column.values[second]];
      if (a === undefined || b === undefined || a.length !== b.length) return a === b;
      return (places ?? Int32Array.from(a, (_, place) => place)).every((place) => Object.is(a[place], b[place]));
    }
    case undefined:
      return true;
  }
}
