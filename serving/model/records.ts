import type { DataProblem } from './feeds.ts';
import type { ColumnType, Signature, SignatureColumn } from './signature.ts';
import type { Column, Table } from './table.ts';

/** What a caller sent, as columns, or everything that is wrong with it. */
export type RecordsRead =
  | {
      readonly kind: 'table';
      readonly table: Table;
      /** Names in the records that no input takes. They are no error; `serving.strictInputs` may make them one. */
      readonly unknown: readonly string[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly DataProblem[] };

/**
 * Records as JSON gives them, as a table of the signature's columns. A missing key is refused: a forgotten field and an unknown
 * value are two things, and null says the second. Every problem names its row, column, value and what was expected.
 */
export function tableOfRecords(signature: Signature, records: readonly unknown[]): RecordsRead {
  const problems: DataProblem[] = [];
  const rows: Readonly<Record<string, unknown>>[] = [];
  const unknown = new Set<string>();
  const known = new Set(signature.columns.map(({ name }) => name));
  for (const [row, record] of records.entries()) {
    if (!isRecord(record)) {
      problems.push({ row, column: '*', found: found(record), expected: 'an object of column names and values' });
      continue;
    }
    rows.push(record);
    for (const name of Object.keys(record)) if (!known.has(name)) unknown.add(name);
  }
  if (problems.length > 0) return { kind: 'refused', problems };
  const columns = new Map<string, Column>();
  for (const column of signature.columns) columns.set(column.name, columnOf(column, rows, problems));
  return problems.length > 0
    ? { kind: 'refused', problems }
    : { kind: 'table', table: { rows: rows.length, columns }, unknown: [...unknown] };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const EXPECTED = {
  number: 'a finite number (null when it is missing)',
  integer: 'an integer (null when it is missing; beyond 2^53 as text of digits)',
  boolean: 'true or false (null when it is missing)',
  category: 'text (null when it is missing)',
  text: 'text (null when it is missing)',
  list: 'a list of numbers (null when it is missing)',
} as const satisfies Record<ColumnType, string>;

type Rows = readonly Readonly<Record<string, unknown>>[];

function columnOf(column: SignatureColumn, rows: Rows, problems: DataProblem[]): Column {
  const refuse = (row: number, value: unknown): void => {
    problems.push({ row, column: column.name, found: found(value), expected: EXPECTED[column.type] });
  };
  switch (column.type) {
    case 'number':
      return numberColumnOf(column.name, rows, finiteOf, refuse);
    case 'boolean':
      return numberColumnOf(column.name, rows, truthOf, refuse);
    case 'integer':
      return integerColumnOf(column.name, rows, refuse);
    case 'category':
    case 'text':
      return categoryColumnOf(column, rows, refuse);
    case 'list':
      return {
        kind: 'list',
        name: column.name,
        values: rows.map((record, row) => listOf(record[column.name], row, refuse)),
      };
  }
}

type Refuse = (row: number, value: unknown) => void;

function numberColumnOf(
  name: string,
  rows: Rows,
  numberOf: (value: unknown) => number | undefined,
  refuse: Refuse,
): Column {
  const values = new Float64Array(rows.length);
  for (const [row, record] of rows.entries()) {
    const value = record[name];
    const number = value === null ? NaN : numberOf(value);
    if (number === undefined) refuse(row, value);
    else values[row] = number;
  }
  return { kind: 'number', name, values };
}

/** NaN stands for a missing value in programs; JSON cannot write it. */
function finiteOf(value: unknown): number | undefined {
  return typeof value === 'number' && (Number.isFinite(value) || Number.isNaN(value)) ? value : undefined;
}

function truthOf(value: unknown): number | undefined {
  if (value === true || value === 1) return 1;
  return value === false || value === 0 ? 0 : undefined;
}

function integerColumnOf(name: string, rows: Rows, refuse: Refuse): Column {
  const values = new BigInt64Array(rows.length);
  const missing = new Uint8Array(rows.length);
  let large = false;
  for (const [row, record] of rows.entries()) {
    const value = record[name];
    const integer = integerOf(value);
    if (value === null) missing[row] = 1;
    else if (integer === undefined) refuse(row, value);
    else {
      values[row] = integer;
      large ||= integer > Number.MAX_SAFE_INTEGER || integer < Number.MIN_SAFE_INTEGER;
    }
  }
  if (large) return { kind: 'integer', name, values, missing };
  return {
    kind: 'number',
    name,
    values: Float64Array.from(values, (value, row) => (missing[row] === 1 ? NaN : Number(value))),
  };
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined;
  const integer = BigInt(value);
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

function categoryColumnOf({ name, domain }: SignatureColumn, rows: Rows, refuse: Refuse): Column {
  // A category whose declared values are numbers may be written as one.
  const numeric = domain.values?.some((value) => typeof value === 'number') ?? false;
  const codes = new Int32Array(rows.length);
  const dictionary: string[] = [];
  const codeOf = new Map<string, number>();
  for (const [row, record] of rows.entries()) {
    const value = record[name];
    const text = typeof value === 'number' && numeric ? String(value) : value;
    if (text === null) codes[row] = -1;
    else if (typeof text !== 'string') refuse(row, value);
    else {
      let code = codeOf.get(text);
      if (code === undefined) {
        code = dictionary.push(text) - 1;
        codeOf.set(text, code);
      }
      codes[row] = code;
    }
  }
  return { kind: 'category', name, codes, dictionary };
}

function listOf(value: unknown, row: number, refuse: Refuse): Float64Array | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value) && value.every((element) => finiteOf(element) !== undefined))
    return Float64Array.from(value as readonly number[]);
  refuse(row, value);
  return undefined;
}

const FOUND_LENGTH = 60;

/** A value as a caller wrote it, cut short. */
function found(value: unknown): string {
  if (value === undefined) return 'no such key';
  // Integers beyond 2^53 come as BigInt, which JSON.stringify throws at.
  const text =
    JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? typeof value;
  return text.length > FOUND_LENGTH ? `${text.slice(0, FOUND_LENGTH)}…` : text;
}
