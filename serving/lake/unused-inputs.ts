import { parseJson } from '../protocol/lossless.ts';
import type { LogSchema, ReceivedEntry } from './entry.ts';
import type { LogType, LogValue } from './log-column.ts';

/** A column that callers send and no input of the revision takes: the next revision may need it, and is judged by it. */
export interface UnusedInput {
  readonly name: string;
  readonly type: LogType;
  /** One value a row; null where a row does not have it, or has it in another type. */
  readonly values: readonly LogValue[];
}

/** More distinct names than this in one body is no feature of a model. */
const MOST_NAMES = 256;
const LONGEST_NAME = 128;

/** What a body holds beyond the revision's own columns; columns that must not be written are never among it. */
export function unusedInputsOf({ body, protocol, rows }: ReceivedEntry, schema: LogSchema): readonly UnusedInput[] {
  if (body === undefined) return [];
  const named = namedValuesOf(body, protocol, rows);
  const taken = new Set([
    ...schema.columns.map(({ name }) => name),
    ...schema.inputs.flatMap(({ name, columns }) => [name, ...columns]),
    ...(schema.withheld ?? []),
  ]);
  return [...named]
    .filter(([name]) => !taken.has(name) && name.length <= LONGEST_NAME && !name.startsWith('slipway_'))
    .slice(0, MOST_NAMES)
    .flatMap(([name, values]) => {
      const type = values.map(typeOf).find((found) => found !== undefined);
      return type === undefined ? [] : [{ name, type, values: values.map((value) => valueAs(value, type)) }];
    });
}

function namedValuesOf(
  body: string,
  protocol: ReceivedEntry['protocol'],
  rows: number,
): ReadonlyMap<string, readonly unknown[]> {
  let parsed: unknown;
  try {
    parsed = parseJson(body, 'a logged body');
  } catch {
    // It was refused for the same reason, which stands among the flags.
    return new Map();
  }
  return protocol === 'v1'
    ? fromRecords(fieldOf(parsed, 'instances'), rows)
    : fromTensors(fieldOf(parsed, 'inputs'), rows);
}

function fromRecords(instances: unknown, rows: number): ReadonlyMap<string, readonly unknown[]> {
  if (!Array.isArray(instances)) return new Map();
  const names = new Set(instances.flatMap((record: unknown) => (isRecord(record) ? Object.keys(record) : [])));
  return new Map(
    [...names].map((name) => [name, Array.from({ length: rows }, (_, row) => fieldOf(instances[row], name))] as const),
  );
}

function fromTensors(inputs: unknown, rows: number): ReadonlyMap<string, readonly unknown[]> {
  if (!Array.isArray(inputs)) return new Map();
  return new Map(
    inputs.filter(isRecord).map((input) => {
      const shape: unknown = input['shape'];
      const data: unknown = input['data'];
      const flat: readonly unknown[] = Array.isArray(data) ? data.flat(Array.isArray(shape) ? shape.length : 1) : [];
      const width = rows === 0 ? 0 : Math.floor(flat.length / rows);
      return [
        String(input['name']),
        Array.from({ length: rows }, (_, row) =>
          width === 1 ? flat[row] : flat.slice(row * width, (row + 1) * width),
        ),
      ] as const;
    }),
  );
}

function typeOf(value: unknown): LogType | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return 'DOUBLE';
  if (typeof value === 'string') return 'STRING';
  if (typeof value === 'boolean') return 'BOOLEAN';
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number')
    ? 'LIST'
    : undefined;
}

function valueAs(value: unknown, type: LogType): LogValue {
  if (typeOf(value) !== type) return null;
  if (type === 'DOUBLE') return Number.isFinite(Number(value)) ? Number(value) : null;
  if (type === 'LIST') return value as readonly number[];
  return value as string | boolean;
}

function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
