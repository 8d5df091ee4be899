import type { Column, Table } from '../../serving/model/table.ts';

/**
 * Table rows as sparse numeric rows for a linear model: numbers standardised, missing ones at the mean with a mark of their own;
 * categories one-hot. Position 0 is the intercept.
 */
export interface DesignRows {
  readonly rows: number;
  readonly width: number;
  /** Entries a row; unused ones have value 0. */
  readonly slots: number;
  /** `indices[row * slots + slot]`. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/** Rarer values of a category share one position. */
const MOST_LEVELS = 50;
/** Positions of the whole matrix, so that its square fits and solves in a moment. */
const MOST_POSITIONS = 400;

/** Undefined when a column is a list (a tensor): a linear model of pixels is no yardstick. */
export function designRows(table: Table, names: readonly string[]): DesignRows | undefined {
  const columns = names.map((name) => table.columns.get(name)).filter((column) => column !== undefined);
  const levels = Math.max(2, Math.min(MOST_LEVELS, Math.floor(MOST_POSITIONS / columns.length)));
  const parts: Part[] = [];
  for (const column of columns) {
    if (column.kind === 'list') return undefined;
    parts.push(column.kind === 'category' ? oneHot(column, levels) : standardised(column));
  }
  if (parts.length === 0) return undefined;
  const slots = 1 + parts.reduce((sum, part) => sum + part.slots, 0);
  const indices = new Int32Array(table.rows * slots);
  const values = new Float64Array(table.rows * slots);
  let [width, slot] = [1, 1];
  for (let row = 0; row < table.rows; row++) values[row * slots] = 1;
  for (const part of parts) {
    for (let row = 0; row < table.rows; row++) {
      part.write(row, (at, index, value) => {
        indices[row * slots + slot + at] = width + index;
        values[row * slots + slot + at] = value;
      });
    }
    width += part.width;
    slot += part.slots;
  }
  return { rows: table.rows, width, slots, indices, values };
}

interface Part {
  readonly width: number;
  readonly slots: number;
  write(row: number, put: (slot: number, index: number, value: number) => void): void;
}

function standardised(column: Exclude<Column, { kind: 'category' | 'list' }>): Part {
  const at = (row: number) =>
    column.kind === 'number'
      ? (column.values[row] ?? NaN)
      : column.missing[row] === 1
        ? NaN
        : Number(column.values[row] ?? 0n);
  let [count, sum, squares] = [0, 0, 0];
  for (let row = 0; row < column.values.length; row++) {
    const value = at(row);
    if (!Number.isFinite(value)) continue;
    count++;
    const before = sum / Math.max(1, count - 1);
    sum += value;
    squares += (value - before) * (value - sum / count);
  }
  const mean = count === 0 ? 0 : sum / count;
  const spread = Math.sqrt(squares / Math.max(1, count)) || 1;
  return {
    width: 2,
    slots: 2,
    write: (row, put) => {
      const value = at(row);
      if (Number.isFinite(value)) put(0, 0, (value - mean) / spread);
      else put(1, 1, 1);
    },
  };
}

function oneHot(column: Extract<Column, { kind: 'category' }>, levels: number): Part {
  const counts = new Float64Array(column.dictionary.length);
  for (const code of column.codes) if (code >= 0) counts[code] = (counts[code] ?? 0) + 1;
  const common = [...counts.keys()].toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, levels);
  const positions = new Map(common.map((code, position) => [code, position]));
  const other = common.length;
  const missing = common.length + 1;
  return {
    width: common.length + 2,
    slots: 1,
    write: (row, put) => {
      const code = column.codes[row] ?? -1;
      put(0, code < 0 ? missing : (positions.get(code) ?? other), 1);
    },
  };
}
