import { DATATYPES, halfOfNumber, isFloat } from './datatype.ts';
import type { InputPlan, Signature } from './signature.ts';
import { shapeText, sizeOf } from './signature.ts';
import type { CategoryColumn, Column, ListColumn, Table } from './table.ts';
import type { Datatype, Tensor, TensorData } from './tensor.ts';

/** One value that cannot be fed. `row` counts from 0 within the table; undefined when the whole column is at fault. */
export interface DataProblem {
  readonly row?: number;
  readonly column: string;
  /** The value as it stood there. */
  readonly found: string;
  readonly expected: string;
}

export type Feeds =
  | { readonly kind: 'feeds'; readonly feeds: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'refused'; readonly problems: readonly DataProblem[] };

/** `row 3, column "age": found "forty", expected a number`. */
export function problemText({ row, column, found, expected }: DataProblem): string {
  return `${row === undefined ? '' : `row ${row}, `}column "${column}": found ${found}, expected ${expected}`;
}

/** Enough to see a pattern; a wrong column would repeat itself a million times. */
const PROBLEMS_SHOWN = 20;

/**
 * The input tensors of rows [from, to) of a table. A missing value is NaN in a float tensor and the empty string in a text
 * tensor; other datatypes refuse it. Nothing is rounded: an integer tensor takes only integers in its range.
 */
export function tensorsOf(signature: Signature, table: Table, from = 0, to = table.rows): Feeds {
  const feeds = new Map<string, Tensor>();
  const problems: DataProblem[] = [];
  for (const input of signature.inputs) {
    const tensor = input.list
      ? tensorOfList(input, table, from, to, problems)
      : tensorOfColumns(input, table, from, to, problems);
    if (tensor !== undefined) feeds.set(input.name, tensor);
  }
  return problems.length === 0
    ? { kind: 'feeds', feeds }
    : { kind: 'refused', problems: problems.slice(0, PROBLEMS_SHOWN) };
}

function tensorOfColumns(
  { datatype, columns, rowShape }: InputPlan,
  table: Table,
  from: number,
  to: number,
  problems: DataProblem[],
): Tensor | undefined {
  const rows = to - from;
  const width = columns.length;
  const sink = sinkOf(datatype, rows * width);
  for (const [offset, name] of columns.entries()) {
    const column = table.columns.get(name);
    if (column === undefined)
      problems.push({ column: name, found: 'no such column', expected: 'a column of this name' });
    else writeColumn(sink, column, from, to, offset, width, problems);
  }
  return { datatype, shape: [rows, ...rowShape], data: sink.data };
}

function tensorOfList(
  { datatype, columns, rowShape }: InputPlan,
  table: Table,
  from: number,
  to: number,
  problems: DataProblem[],
): Tensor | undefined {
  const name = columns[0] ?? '';
  const column = table.columns.get(name);
  if (column?.kind !== 'list') {
    problems.push({
      column: name,
      found: column === undefined ? 'no such column' : `a ${column.kind} column`,
      expected: 'a column of lists',
    });
    return undefined;
  }
  const fixedSize = sizeOf(rowShape);
  const size = fixedSize ?? lengthOfFirst(column, from, to);
  const sink = sinkOf(datatype, (to - from) * size);
  for (let row = from; row < to; row++) {
    const values = column.values[row];
    if (values === undefined || values.length !== size) {
      problems.push({
        row,
        column: name,
        found: values === undefined ? 'nothing' : `a list of ${values.length}`,
        expected: `a list of ${size} numbers, ${shapeText(rowShape)}`,
      });
      continue;
    }
    for (let i = 0; i < size; i++) writeNumber(sink, (row - from) * size + i, values[i] ?? NaN, row, name, problems);
  }
  const varying = rowShape.findIndex((dimension) => dimension === -1);
  const others = rowShape.reduce((product, dimension) => (dimension === -1 ? product : product * dimension), 1);
  const shape = rowShape.map((dimension, axis) =>
    axis === varying ? Math.trunc(size / Math.max(1, others)) : dimension,
  );
  return { datatype, shape: [to - from, ...shape], data: sink.data };
}

function lengthOfFirst(column: ListColumn, from: number, to: number): number {
  for (let row = from; row < to; row++) {
    const values = column.values[row];
    if (values !== undefined) return values.length;
  }
  return 0;
}

/** Where a tensor's elements are written, by what its array holds. */
type Sink =
  | { readonly kind: 'float'; readonly datatype: Datatype; readonly data: Float32Array | Float64Array }
  | { readonly kind: 'half'; readonly datatype: Datatype; readonly data: Uint16Array }
  | { readonly kind: 'big'; readonly datatype: Datatype; readonly data: BigInt64Array | BigUint64Array }
  | {
      readonly kind: 'small';
      readonly datatype: Datatype;
      readonly data: Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;
    }
  | { readonly kind: 'text'; readonly datatype: Datatype; readonly data: string[] };

function sinkOf(datatype: Datatype, length: number): Sink & { readonly data: TensorData } {
  switch (datatype) {
    case 'BYTES':
      return { kind: 'text', datatype, data: Array.from({ length }, () => '') };
    case 'FP16':
      return { kind: 'half', datatype, data: new Uint16Array(length) };
    case 'FP32':
    case 'FP64':
      return { kind: 'float', datatype, data: new DATATYPES[datatype].array(length) };
    case 'INT64':
    case 'UINT64':
      return { kind: 'big', datatype, data: new DATATYPES[datatype].array(length) };
    case 'BOOL':
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return { kind: 'small', datatype, data: new DATATYPES[datatype].array(length) };
  }
}

const RANGES: Readonly<Partial<Record<Datatype, readonly [bigint, bigint]>>> = {
  BOOL: [0n, 1n],
  UINT8: [0n, 0xffn],
  UINT16: [0n, 0xffffn],
  UINT32: [0n, 0xffffffffn],
  UINT64: [0n, 0xffffffffffffffffn],
  INT8: [-0x80n, 0x7fn],
  INT16: [-0x8000n, 0x7fffn],
  INT32: [-0x80000000n, 0x7fffffffn],
  INT64: [-0x8000000000000000n, 0x7fffffffffffffffn],
};

function writeColumn(
  sink: Sink,
  column: Column,
  from: number,
  to: number,
  offset: number,
  width: number,
  problems: DataProblem[],
): void {
  const { name } = column;
  if (column.kind === 'category') {
    writeCategory(sink, column, from, to, offset, width, problems);
    return;
  }
  if (column.kind === 'list' || sink.kind === 'text') {
    problems.push({
      column: name,
      found: `a column of ${column.kind === 'list' ? 'lists' : 'numbers'}`,
      expected: sink.kind === 'text' ? 'text' : 'one number a row',
    });
    return;
  }
  if (column.kind === 'integer') {
    for (let row = from; row < to; row++) {
      const at = (row - from) * width + offset;
      if (column.missing[row] === 1) writeNumber(sink, at, NaN, row, name, problems);
      else writeInteger(sink, at, column.values[row] ?? 0n, row, name, problems);
    }
    return;
  }
  const { values } = column;
  for (let row = from; row < to; row++)
    writeNumber(sink, (row - from) * width + offset, values[row] ?? NaN, row, name, problems);
}

function writeCategory(
  sink: Sink,
  { name, codes, dictionary }: CategoryColumn,
  from: number,
  to: number,
  offset: number,
  width: number,
  problems: DataProblem[],
): void {
  if (sink.kind === 'text') {
    for (let row = from; row < to; row++) sink.data[(row - from) * width + offset] = dictionary[codes[row] ?? -1] ?? '';
    return;
  }
  const numbers = dictionary.map((text) => (text.trim() === '' ? NaN : Number(text)));
  for (let row = from; row < to; row++) {
    const code = codes[row] ?? -1;
    const number = numbers[code] ?? NaN;
    if (code >= 0 && Number.isNaN(number))
      problems.push({
        row,
        column: name,
        found: JSON.stringify(dictionary[code]),
        expected: `a number for ${sink.datatype}`,
      });
    else writeNumber(sink, (row - from) * width + offset, number, row, name, problems);
  }
}

function writeNumber(
  sink: Sink,
  at: number,
  value: number,
  row: number,
  column: string,
  problems: DataProblem[],
): void {
  if (sink.kind === 'float') {
    sink.data[at] = value;
    if (Number.isFinite(value) && !Number.isFinite(sink.data[at]))
      problems.push({ row, column, found: String(value), expected: `a number within the range of ${sink.datatype}` });
  } else if (sink.kind === 'half') {
    sink.data[at] = halfOfNumber(value);
  } else if (sink.kind !== 'text') {
    if (Number.isInteger(value)) writeInteger(sink, at, BigInt(value), row, column, problems);
    else
      problems.push({
        row,
        column,
        found: Number.isNaN(value) ? 'a missing value' : String(value),
        expected: sink.datatype === 'BOOL' ? 'true or false' : `an integer, since the input is ${sink.datatype}`,
      });
  }
}

function writeInteger(
  sink: Sink,
  at: number,
  value: bigint,
  row: number,
  column: string,
  problems: DataProblem[],
): void {
  if (isFloat(sink.datatype)) {
    writeNumber(sink, at, Number(value), row, column, problems);
    return;
  }
  const [least, largest] = RANGES[sink.datatype] ?? [0n, 0n];
  if (value < least || value > largest)
    problems.push({
      row,
      column,
      found: String(value),
      expected: `${least} to ${largest}, the range of ${sink.datatype}`,
    });
  else if (sink.kind === 'big') sink.data[at] = value;
  else if (sink.kind === 'small') sink.data[at] = Number(value);
}
