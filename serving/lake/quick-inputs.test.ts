import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntryCursor, roomOf, writable, writeEntry } from './entry-bytes.ts';
import type { LogEntry, LogSchema } from './entry.ts';
import { JsonBytes } from './json-bytes.ts';
import { LOG_TYPES, type LogValue } from './log-column.ts';
import { QuickInputs } from './quick-inputs.ts';
import { inputsOf } from './row-reader.ts';
import { unusedInputsOf } from './unused-inputs.ts';
import type { TypedColumn } from './column-page.ts';

const schema: LogSchema = {
  model: 'income',
  version: '1.0.0',
  revision: 'sha256:aa',
  digest: 'sha256:bb',
  columns: [
    { name: 'age', type: 'number' },
    { name: 'hours', type: 'integer' },
    { name: 'sector', type: 'category' },
    { name: 'member', type: 'boolean' },
    { name: 'pixels', type: 'list' },
    { name: 'balance', type: 'number' },
  ],
  inputs: [
    { name: 'features', datatype: 'FP32', columns: ['age', 'hours', 'secret'], rowShape: [3], list: false },
    { name: 'sector', datatype: 'BYTES', columns: ['sector'], rowShape: [1], list: false },
    { name: 'pixels', datatype: 'FP32', columns: ['pixels'], rowShape: [2, 2], list: true },
  ],
  withheld: ['secret', 'email'],
};

/** A column that only remembers, in the way in which the log's columns do. */
class Remembering implements TypedColumn {
  readonly name: string;
  readonly type: TypedColumn['type'];
  readonly values: LogValue[] = [];

  constructor(name: string, type: TypedColumn['type']) {
    this.name = name;
    this.type = type;
  }

  get rows(): number {
    return this.values.length;
  }

  push(value: LogValue): void {
    const kinds = { DOUBLE: 'number', INT64: 'bigint', STRING: 'string', BOOLEAN: 'boolean', LIST: 'object' } as const;
    const kind = kinds[this.type as keyof typeof kinds];
    this.values.push(typeof value === kind ? value : null);
  }

  pushNumber(value: number): void {
    if (this.type === 'STRING') this.values.push(String(value));
    else if (this.type === 'INT64') this.values.push(Number.isSafeInteger(value) ? BigInt(value) : null);
    else if (this.type === 'BOOLEAN') this.values.push(value === 1 ? true : value === 0 ? false : null);
    else this.values.push(this.type === 'DOUBLE' && Number.isFinite(value) ? value : null);
  }

  pushNumbers(source: Float64Array, start: number, end: number): void {
    if (this.type !== 'LIST') this.values.push(null);
    else this.values.push([...source.subarray(start, end)].map((value) => (Number.isFinite(value) ? value : null)));
  }

  page(): never {
    throw new Error('nobody writes this one');
  }
}

function cursorAt(entry: LogEntry): EntryCursor {
  const kept = { body: entry.body, tail: entry.tail, bytes: 0 };
  const memory = writable(roomOf(entry, kept));
  writeEntry(memory, 0, entry, 0, kept);
  const cursor = new EntryCursor();
  cursor.moveTo(memory.bytes, 0);
  return cursor;
}

/** What the quick way makes of an entry; undefined: it declined. */
function quickly(quick: QuickInputs, cursor: EntryCursor): ReadonlyMap<string, readonly LogValue[]> | undefined {
  if (!quick.read(cursor, cursor.rows)) return undefined;
  const columns = schema.columns.map(({ name, type }) => new Remembering(name, LOG_TYPES[type]));
  quick.write(columns);
  return new Map(columns.map(({ name, values }) => [name, values]));
}

function entryOf(protocol: 'v1' | 'v2', body: string, rows: number, tail?: Uint8Array): LogEntry {
  const base = { at: 0, id: 'x', model: 'income', revision: 'sha256:aa', arm: 'stable', status: 200 } as const;
  return { ...base, latencyMs: 1, protocol, body, rows, flags: [], ...(tail === undefined ? {} : { tail }) };
}

/** Both ways over one entry: the quick one comes to the same or declines, and never misses what callers send besides. */
function compare(quick: QuickInputs, entry: LogEntry): 'same' | 'declined' | 'different' {
  const cursor = cursorAt(entry);
  const found = quickly(quick, cursor);
  if (found === undefined) return 'declined';
  const asIs = isDeepStrictEqual(new Map(found), new Map(inputsOf(cursor.entry(), schema)));
  return asIs && unusedInputsOf(cursor.entry(), schema).length === 0 ? 'same' : 'different';
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 1000),
);
const value = fc.oneof(
  { weight: 5, arbitrary: number },
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(number, fc.constant(null)), { maxLength: 4 }),
  fc.constantFrom('9007199254740993', '12', 'west', '\u{1F600}', 'a"b', 'a\\b'),
);
const recordKey = fc.constantFrom(
  'age',
  'hours',
  'sector',
  'member',
  'pixels',
  'balance',
  'email',
  'secret',
  'features',
  'new',
);

const instances = fc.array(fc.dictionary(recordKey, value, { maxKeys: 8 }), { minLength: 1, maxLength: 4 });
const space = fc.constantFrom(0, 1, 2);

const tensor = (rows: number) =>
  fc.oneof(
    fc.record({
      name: fc.constantFrom('features', 'balance', 'email'),
      shape: fc.constantFrom([rows, 3], [rows, 1], [rows]),
      datatype: fc.constantFrom('FP32', 'FP64'),
      data: fc.array(fc.oneof(number, fc.constant(null)), { minLength: rows, maxLength: rows * 3 }),
    }),
    fc.record({
      name: fc.constantFrom('sector', 'features', 'other'),
      shape: fc.constant([rows, 1]),
      datatype: fc.constant('BYTES'),
      data: fc.array(fc.string(), { minLength: rows, maxLength: rows }),
    }),
    fc.record({
      name: fc.constant('pixels'),
      shape: fc.constant([rows, 2, 2]),
      datatype: fc.constant('FP32'),
      data: fc.array(fc.array(fc.array(number, { minLength: 2, maxLength: 2 }), { minLength: 2, maxLength: 2 }), {
        minLength: rows,
        maxLength: rows,
      }),
    }),
  );
const tensors = fc
  .integer({ min: 1, max: 3 })
  .chain((rows) =>
    fc.tuple(
      fc.constant(rows),
      fc.uniqueArray(tensor(rows), { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
    ),
  );

describe('the quick way into the log', () => {
  it('comes to the same as the general one with any records, or declines them', () => {
    const quick = new QuickInputs(schema);
    fc.assert(
      fc.property(instances, space, (records, indent) => {
        const body = JSON.stringify({ instances: records }, undefined, indent);
        expect(compare(quick, entryOf('v1', body, records.length))).not.toBe('different');
      }),
      { numRuns: 1000 },
    );
  });

  it('comes to the same as the general one with any tensors, or declines them', () => {
    const quick = new QuickInputs(schema);
    fc.assert(
      fc.property(tensors, space, ([rows, inputs], indent) => {
        const fitting = inputs.filter(
          ({ shape, data }) => shape.reduce((product, size) => product * size, 1) === data.flat(3).length,
        );
        const body = { id: 'a', inputs: fitting, outputs: [{ name: 'inputs' }] };
        expect(compare(quick, entryOf('v2', JSON.stringify(body, undefined, indent), rows))).not.toBe('different');
      }),
      { numRuns: 1000 },
    );
  });

  it('takes ordinary requests, and does not decline them', () => {
    const quick = new QuickInputs(schema);
    const record = { age: 41.5, hours: 38, sector: 'west', member: true, pixels: [1, 2.25, -3e-7, 4], balance: null };
    expect(compare(quick, entryOf('v1', JSON.stringify({ instances: [record, record] }), 2))).toBe('same');
    const features = {
      name: 'features',
      shape: [2, 3],
      datatype: 'FP32',
      data: [
        [41.5, 38, 1],
        [0.1, -2, 3],
      ],
    };
    const sector = { name: 'sector', shape: [2, 1], datatype: 'BYTES', data: ['west', 'é'] };
    const balance = { name: 'balance', shape: [2, 1], datatype: 'FP64', data: [0.3344, 1 / 3] };
    expect(compare(quick, entryOf('v2', JSON.stringify({ id: '1', inputs: [features, sector, balance] }), 2))).toBe(
      'same',
    );
  });

  it('reads tensors that came as bytes', () => {
    const quick = new QuickInputs(schema);
    const features = Float32Array.of(41.5, 38, 1, 0.1, -2, 3);
    const balance = Float64Array.of(0.3344, NaN);
    const tail = new Uint8Array([...new Uint8Array(features.buffer), ...new Uint8Array(balance.buffer)]);
    const inputs = [
      { name: 'features', shape: [2, 3], datatype: 'FP32', parameters: { binary_data_size: features.byteLength } },
      { name: 'balance', shape: [2, 1], datatype: 'FP64', parameters: { binary_data_size: balance.byteLength } },
    ];
    expect(compare(quick, entryOf('v2', JSON.stringify({ inputs }), 2, tail))).toBe('same');
  });

  it.each([
    ['a column that no input takes', 'v1', '{"instances": [{"age": 1, "shoe": 2}]}'],
    ['a name that comes twice', 'v1', '{"instances": [{"age": 1, "age": 2}]}'],
    ['two lists of records', 'v1', '{"instances": [{"age": 1}], "instances": [{"age": 2}]}'],
    ['escaped text', 'v1', '{"instances": [{"sector": "a\\u0041"}]}'],
    ['an integer that a double rounds', 'v1', '{"instances": [{"hours": 9007199254740993}]}'],
    ['an object in a record', 'v1', '{"instances": [{"age": {"years": 1}}]}'],
    ['two lists of tensors', 'v2', '{"inputs": [], "inputs": []}'],
    [
      'a tensor that no input takes',
      'v2',
      '{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}',
    ],
  ] as const)('leaves to the general way: %s', (_, protocol, body) => {
    expect(compare(new QuickInputs(schema), entryOf(protocol, body, 1))).toBe('declined');
  });

  it('reads a request after one that it declined', () => {
    const quick = new QuickInputs(schema);
    compare(quick, entryOf('v1', '{"instances": [{"age": 1, "pixels": [1, 2], "shoe": 2}]}', 1));
    expect(compare(quick, entryOf('v1', '{"instances": [{"age": 3}]}', 1))).toBe('same');
  });
});

describe('JSON that is read where it lies', () => {
  it('reads each number as JSON.parse does', () => {
    const json = new JsonBytes();
    fc.assert(
      fc.property(number, fc.integer({ min: 0, max: 20 }), (given, digits) => {
        for (const text of [JSON.stringify(given), given.toExponential(digits), given.toFixed(digits)]) {
          const bytes = Buffer.from(`${text},`);
          json.open(bytes, 0, bytes.length);
          const read = json.number();
          // Declined are integers that a double might round, and nothing else.
          expect(read ?? JSON.parse(text)).toBe(JSON.parse(text));
          expect(read === undefined).toBe(read === undefined && /^-?\d{16,}$/.test(text));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
