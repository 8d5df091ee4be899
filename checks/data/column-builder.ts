import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';

/** Collects one column's values, cell by cell, without keeping the cells. */
export interface ColumnBuilder {
  /** Takes the next row's cell. Returns what was expected instead, when the cell cannot be one of this column's. */
  add(cell: string): string | undefined;
  build(): Column;
}

export function builderOf(name: string, type: ColumnType): ColumnBuilder {
  switch (type) {
    case 'number':
      return numberBuilder(name, numberOfText, 'a number');
    case 'boolean':
      return numberBuilder(name, truthOfText, 'true or false');
    case 'integer':
      return integerBuilder(name);
    case 'category':
    case 'text':
      return categoryBuilder(name);
    case 'list':
      return listBuilder(name);
  }
}

/** A typed array that doubles when it is full: n values cost at most 2 n writes. */
class Growing<A extends Float64Array | Int32Array | BigInt64Array> {
  #values: A;
  #length = 0;
  readonly #make: (length: number) => A;
  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#values = make(1024);
  }
  push(value: A[number]): void {
    if (this.#length === this.#values.length) {
      const larger = this.#make(this.#values.length * 2);
      (larger.set as (values: A) => void)(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }
  done(): A {
    return this.#values.slice(0, this.#length) as A;
  }
}

function numberBuilder(name: string, numberOf: (text: string) => number | undefined, expected: string): ColumnBuilder {
  const values = new Growing((length) => new Float64Array(length));
  const add = (cell: string): string | undefined => {
    const number = cell === '' ? NaN : numberOf(cell);
    values.push(number ?? NaN);
    return number === undefined ? expected : undefined;
  };
  return { add, build: () => ({ kind: 'number', name, values: values.done() }) };
}

const NUMBER = /^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)\s*$/i;
const NOT_A_NUMBER = /^\s*nan\s*$/i;

/** A decimal number as programs write it; NaN for `nan`, undefined for anything else (`0x10`, `1,5`, `forty`). */
export function numberOfText(text: string): number | undefined {
  const number = Number(text);
  if (!Number.isNaN(number) && NUMBER.test(text)) return number;
  if (NOT_A_NUMBER.test(text)) return NaN;
  if (!NUMBER.test(text)) return undefined;
  return text.trim().startsWith('-') ? -Infinity : Infinity;
}

const TRUTHS: Readonly<Record<string, number>> = { true: 1, false: 0, '1': 1, '0': 0 };

function truthOfText(text: string): number | undefined {
  return TRUTHS[text.trim().toLowerCase()];
}

function integerBuilder(name: string): ColumnBuilder {
  const values = new Growing((length) => new BigInt64Array(length));
  const missing: number[] = [];
  let rows = 0;
  let large = false;
  const add = (cell: string): string | undefined => {
    const integer = cell === '' ? undefined : integerOfText(cell);
    if (cell === '') missing.push(rows);
    rows += 1;
    values.push(integer ?? 0n);
    large ||= integer !== undefined && !isSafe(integer);
    return cell !== '' && integer === undefined ? 'an integer' : undefined;
  };
  return { add, build: () => integerColumnOf(name, values.done(), missing, large) };
}

/** Integers as a number column, unless one of them lies beyond 2^53. */
export function integerColumnOf(
  name: string,
  values: BigInt64Array,
  missing: Iterable<number>,
  large: boolean,
): Column {
  if (large) {
    const flags = new Uint8Array(values.length);
    for (const row of missing) flags[row] = 1;
    return { kind: 'integer', name, values, missing: flags };
  }
  const numbers = Float64Array.from(values, Number);
  for (const row of missing) numbers[row] = NaN;
  return { kind: 'number', name, values: numbers };
}

export function isSafe(integer: bigint): boolean {
  return integer <= Number.MAX_SAFE_INTEGER && integer >= Number.MIN_SAFE_INTEGER;
}

/** `12`, and `12.0` as pandas writes an integer column that has gaps; undefined for anything else and beyond 64 bits. */
function integerOfText(text: string): bigint | undefined {
  const digits = /^\s*([+-]?\d+)(?:\.0*)?\s*$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const integer = BigInt(digits.replace('+', ''));
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

function categoryBuilder(name: string): ColumnBuilder {
  const codes = new Growing((length) => new Int32Array(length));
  const dictionary = new Dictionary();
  const add = (cell: string): undefined => {
    codes.push(cell === '' ? -1 : dictionary.code(cell));
  };
  return { add, build: () => ({ kind: 'category', name, codes: codes.done(), dictionary: dictionary.texts }) };
}

/** Numbers the different texts of a column in the order of their first appearance. */
export class Dictionary {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();
  code(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.texts.length;
    this.texts.push(text);
    this.#codes.set(text, code);
    return code;
  }
}

function listBuilder(name: string): ColumnBuilder {
  const values: (Float64Array | undefined)[] = [];
  const add = (cell: string): string | undefined => {
    const list = cell === '' ? undefined : listOfText(cell);
    values.push(list);
    return cell !== '' && list === undefined ? 'a list of numbers, [1, 2, 3]' : undefined;
  };
  return { add, build: () => ({ kind: 'list', name, values }) };
}

function listOfText(text: string): Float64Array | undefined {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1];
  if (inner === undefined) return undefined;
  if (inner.trim() === '') return new Float64Array(0);
  const numbers = inner.split(',').map(numberOfText);
  return numbers.includes(undefined) ? undefined : Float64Array.from(numbers, (number) => number ?? NaN);
}
