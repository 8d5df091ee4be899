import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import { builderOf } from './column-builder.ts';
import { readJsonLines } from './json-lines.ts';
import type { TableProblem, TableRead } from './read-table.ts';

/** Enough to see a pattern; a wrong line would repeat itself. */
const PROBLEMS_SHOWN = 20;
const BYTE_ORDER_MARK = 0xef;

type RecordRow = Readonly<Record<string, unknown>>;

/** Whether bytes are JSON lines of objects, and not a CSV, whose header does not begin with a brace. */
export function areRequestLines(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(bytes[0] === BYTE_ORDER_MARK ? 3 : 0, 1024)).toString('latin1');
  return start.trimStart().startsWith('{');
}

/**
 * Recorded requests as a table: JSON lines of V1 requests, `{"instances": [{"column": value, …}, …]}`, or of bare records, `{"column": value, …}`. A
 * column's type is the one that is known, else that of its first value; a key that a record lacks is a missing value, as null is.
 */
export function readRequestLines(bytes: Uint8Array, types: ReadonlyMap<string, ColumnType> = new Map()): TableRead {
  const problems: TableProblem[] = [];
  const records: { readonly line: number; readonly record: RecordRow }[] = [];
  for (const read of readJsonLines(bytes)) {
    const { line } = read;
    const found = read.kind === 'refused' ? read.reason : recordsIn(read.value);
    if (typeof found === 'string') problems.push({ line, reason: found });
    else for (const record of found) records.push({ line, record });
  }
  const names = [...new Set(records.flatMap(({ record }) => Object.keys(record)))];
  const columns = new Map<string, Column>();
  for (const name of names) {
    const builder = builderOf(name, types.get(name) ?? typeOf(records.map(({ record }) => record[name])));
    for (const [row, { line, record }] of records.entries()) {
      const cell = cellText(record[name]);
      const expected = cell === undefined ? 'a number, text, true or false, or a list of numbers' : builder.add(cell);
      if (expected === undefined) continue;
      problems.push({ row: row + 1, line, column: name, reason: `found ${shown(record[name])}, expected ${expected}` });
    }
    columns.set(name, builder.build());
  }
  if (problems.length > 0) return { kind: 'refused', problems: problems.slice(0, PROBLEMS_SHOWN) };
  if (records.length === 0) return { kind: 'refused', problems: [{ reason: 'no records: each line must be one' }] };
  return { kind: 'table', table: { rows: records.length, columns }, left: [] };
}

function recordsIn(value: unknown): readonly RecordRow[] | string {
  if (!isRecord(value)) return `found ${shown(value)}, expected an object: a record, or {"instances": […]}`;
  if (!('instances' in value)) return [value];
  const { instances } = value;
  return Array.isArray(instances) && instances.every(isRecord)
    ? instances
    : '"instances" must be a list of records, objects of column names and values';
}

function isRecord(value: unknown): value is RecordRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text where any value is text: `3` and `"three"` are of one column of words. */
function typeOf(values: readonly unknown[]): ColumnType {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.some((value) => typeof value === 'string')) return 'category';
  const [first] = known;
  if (Array.isArray(first)) return 'list';
  return typeof first === 'boolean' ? 'boolean' : 'number';
}

/** A value as a CSV's cell would hold it, empty where it is missing; undefined for what no column holds. */
function cellText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return JSON.stringify(value.flat(Infinity));
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? typeof value;
}
