import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainFlagsOf } from './domain.ts';
import { problemText, tensorsOf } from './feeds.ts';
import { tableOfRecords } from './records.ts';
import { sliceRows, spreadRows, takeRows } from './rows.ts';
import { signatureOf } from './signature.ts';
import type { Specification } from './specification.ts';
import type { Tensor, TensorDeclaration } from './tensor.ts';

type Mapping = Pick<Specification, 'inputs' | 'columns'>;
const plain: Mapping = { inputs: [], columns: {} };

function planOf(declarations: readonly TensorDeclaration[], mapping: Mapping = plain) {
  return signatureOf(mapping, declarations);
}

function feedsOf(
  declarations: readonly TensorDeclaration[],
  records: readonly unknown[],
  mapping: Mapping = plain,
): ReadonlyMap<string, Tensor> {
  const { signature, problems } = planOf(declarations, mapping);
  if (problems.length > 0) throw new Error(problems[0]?.reason);
  const read = tableOfRecords(signature, records);
  if (read.kind === 'refused') throw new Error(read.problems.map(problemText).join('; '));
  const feeds = tensorsOf(signature, read.table);
  if (feeds.kind === 'refused') throw new Error(feeds.problems.map(problemText).join('; '));
  return feeds.feeds;
}

const age: TensorDeclaration = { name: 'age', datatype: 'FP32', shape: [-1, 1] };
const job: TensorDeclaration = { name: 'job', datatype: 'BYTES', shape: [-1] };
const count: TensorDeclaration = { name: 'count', datatype: 'INT64', shape: [-1] };
const flag: TensorDeclaration = { name: 'flag', datatype: 'BOOL', shape: [-1] };
const packed: TensorDeclaration = { name: 'x', datatype: 'FP32', shape: [-1, 3] };

describe('records as tensors', () => {
  it('an input takes the column of its own name, as [N] or [N, 1] as the graph declares', () => {
    const feeds = feedsOf(
      [age, job],
      [
        { age: 32, job: 'Sales' },
        { age: 1.5, job: '?' },
      ],
    );
    expect(feeds.get('age')).toEqual({ datatype: 'FP32', shape: [2, 1], data: Float32Array.of(32, 1.5) });
    expect(feeds.get('job')).toEqual({ datatype: 'BYTES', shape: [2], data: ['Sales', '?'] });
  });

  it('several columns are packed side by side in the order of the manifest', () => {
    const mapping: Mapping = { inputs: [{ name: 'x', columns: ['c', 'a', 'b'] }], columns: {} };
    const feeds = feedsOf(
      [packed],
      [
        { a: 1, b: 2, c: 3 },
        { a: 4, b: 5, c: 6 },
      ],
      mapping,
    );
    expect(feeds.get('x')).toEqual({ datatype: 'FP32', shape: [2, 3], data: Float32Array.of(3, 1, 2, 6, 4, 5) });
  });

  it('a list column fills a row in its shape', () => {
    const image: TensorDeclaration = { name: 'image', datatype: 'FP32', shape: [-1, 1, 2, 2] };
    const mapping: Mapping = { inputs: [{ name: 'image', columns: ['pixels'], shape: [1, 2, 2] }], columns: {} };
    const feeds = feedsOf([image], [{ pixels: [1, 2, 3, 4] }], mapping);
    expect(feeds.get('image')).toEqual({ datatype: 'FP32', shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(() => feedsOf([image], [{ pixels: [1, 2, 3] }], mapping)).toThrow(
      'column "pixels": found a list of 3, expected a list of 4 numbers',
    );
  });

  it('a missing value is NaN in a float tensor and empty in a text tensor; others refuse it', () => {
    const feeds = feedsOf([age, job], [{ age: null, job: null }]);
    expect(feeds.get('age')?.data).toEqual(Float32Array.of(NaN));
    expect(feeds.get('job')?.data).toEqual(['']);
    expect(() => feedsOf([count], [{ count: null }])).toThrow(
      'row 0, column "count": found a missing value, expected an integer, since the input is INT64',
    );
    expect(() => feedsOf([flag], [{ flag: null }])).toThrow('expected true or false');
  });

  it('a missing key is refused, since a forgotten field is not an unknown value', () => {
    expect(() => feedsOf([age, job], [{ age: 1, job: 'a' }, { age: 1 }])).toThrow(
      'row 1, column "job": found no such key, expected text (null when it is missing)',
    );
  });

  it('a wrong type is refused with what was found and expected, every problem at once', () => {
    const { signature } = planOf([age, job, count, flag]);
    const read = tableOfRecords(signature, [{ age: '32', job: 5, count: 1.5, flag: 'yes' }]);
    expect(read.kind === 'refused' ? read.problems.map(problemText) : []).toEqual([
      'row 0, column "age": found "32", expected a finite number (null when it is missing)',
      'row 0, column "job": found 5, expected text (null when it is missing)',
      'row 0, column "count": found 1.5, expected an integer (null when it is missing; beyond 2^53 as text of digits)',
      'row 0, column "flag": found "yes", expected true or false (null when it is missing)',
    ]);
  });

  it('refuses what is no record, and a number that JSON cannot hold', () => {
    const { signature } = planOf([age]);
    for (const record of [null, 5, [], 'x']) expect(tableOfRecords(signature, [record]).kind).toBe('refused');
    expect(tableOfRecords(signature, [JSON.parse('{"age": 1e999}')]).kind).toBe('refused');
  });

  it('integers beyond 2^53 travel as text of digits, and stay exact', () => {
    const feeds = feedsOf([count], [{ count: '9007199254740993' }, { count: 7 }]);
    expect(feeds.get('count')?.data).toEqual(BigInt64Array.of(9007199254740993n, 7n));
  });

  it('integers are checked against the range of their tensor, and never wrapped', () => {
    const byte: TensorDeclaration = { name: 'b', datatype: 'UINT8', shape: [-1] };
    expect(feedsOf([byte], [{ b: 255 }]).get('b')?.data).toEqual(Uint8Array.of(255));
    expect(() => feedsOf([byte], [{ b: 256 }])).toThrow('found 256, expected 0 to 255, the range of UINT8');
    expect(() => feedsOf([age], [{ age: 1e300 }])).toThrow('within the range of FP32');
  });

  it('a category that the graph takes as a number is fed as one', () => {
    const mapping: Mapping = { inputs: [], columns: { age: { type: 'category', values: [1, 2] } } };
    expect(feedsOf([age], [{ age: 2 }, { age: '1' }], mapping).get('age')?.data).toEqual(Float32Array.of(2, 1));
  });

  it('names in a record that no input takes are told', () => {
    const { signature } = planOf([age]);
    expect(tableOfRecords(signature, [{ age: 1, extra: 2 }])).toMatchObject({ kind: 'table', unknown: ['extra'] });
  });

  it('takes no rows as well', () => {
    expect(feedsOf([age], []).get('age')).toEqual({ datatype: 'FP32', shape: [0, 1], data: new Float32Array(0) });
  });

  it('the same records in parts or at once give the same tensors', () => {
    const record = fc.record({
      age: fc.option(fc.double({ noNaN: true, min: -1e30, max: 1e30 })),
      job: fc.option(fc.string()),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.nat(), (records, at) => {
        const { signature } = planOf([age, job]);
        const read = tableOfRecords(signature, records);
        if (read.kind === 'refused') throw new Error('refused');
        const cut = at % records.length;
        const [whole, head, tail] = [
          read.table,
          sliceRows(read.table, 0, cut),
          sliceRows(read.table, cut, records.length),
        ].map((table) => {
          const feeds = tensorsOf(signature, table);
          return feeds.kind === 'feeds'
            ? [...(feeds.feeds.get('age')?.data ?? []), ...(feeds.feeds.get('job')?.data ?? [])]
            : [];
        });
        const [wholeAge, wholeJob] = [whole?.slice(0, records.length), whole?.slice(records.length)];
        expect([...(head?.slice(0, cut) ?? []), ...(tail?.slice(0, records.length - cut) ?? [])]).toEqual(wholeAge);
        expect([...(head?.slice(cut) ?? []), ...(tail?.slice(records.length - cut) ?? [])]).toEqual(wholeJob);
      }),
    );
  });
});

describe('a signature', () => {
  it.each([
    [
      'an input that the graph does not have',
      [age],
      { inputs: [{ name: 'y', columns: ['a'] }], columns: {} },
      /fills input "y", which the graph does not have; it has "age"/,
    ],
    [
      'too few columns',
      [packed],
      { inputs: [{ name: 'x', columns: ['a', 'b'] }], columns: {} },
      /one row is 3 values, and the manifest packs 2 columns/,
    ],
    ['an unmapped input of several values', [packed], plain, /one row is 3 values, and column "x" gives one/],
    ['no batch dimension', [{ name: 's', datatype: 'FP32', shape: [] }], plain, /without a batch dimension/],
    [
      'a fixed batch of 8',
      [{ name: 's', datatype: 'FP32', shape: [8, 1] }],
      plain,
      /batch dimension is the constant 8/,
    ],
    [
      'a shape that the graph does not take',
      [packed],
      { inputs: [{ name: 'x', columns: ['a'], shape: [4] }], columns: {} },
      /one row is \[3\]; the manifest says \[4\]/,
    ],
    [
      'text declared for a number',
      [age],
      { inputs: [], columns: { age: { type: 'text' } } },
      /column "age" is declared text, but input "age" takes FP32/,
    ],
    [
      'a number declared for text',
      [job],
      { inputs: [], columns: { job: { type: 'number' } } },
      /declared number, but input "job" takes text/,
    ],
  ] as const)('refuses %s', (_, declarations, mapping, reason) => {
    const { problems } = planOf(declarations as readonly TensorDeclaration[], mapping);
    expect(problems.map((problem) => problem.reason)).toEqual([expect.stringMatching(reason)]);
  });

  it('takes one row at a time where the batch dimension is the constant 1', () => {
    expect(planOf([{ name: 'age', datatype: 'FP32', shape: [1, 1] }]).signature.fixedBatch).toBe(1);
    expect(planOf([age]).signature.fixedBatch).toBeUndefined();
  });
});

it('values outside their declared domain are flagged, missing ones are not', () => {
  const { signature } = planOf([age, job], {
    inputs: [],
    columns: { age: { min: 0, max: 120 }, job: { values: ['a', 'b'] } },
  });
  const read = tableOfRecords(signature, [
    { age: 130, job: 'a' },
    { age: null, job: null },
    { age: 5, job: 'c' },
  ]);
  if (read.kind === 'refused') throw new Error('refused');
  expect(domainFlagsOf({ age: { min: 0, max: 120 }, job: { values: ['a', 'b'] } }, read.table)).toEqual([
    { row: 0, column: 'age', found: '130', expected: '0 to 120' },
    { row: 2, column: 'job', found: '"c"', expected: 'one of a, b' },
  ]);
});

it('rows are taken by number, and spread evenly', () => {
  const { signature } = planOf([age, job]);
  const read = tableOfRecords(
    signature,
    [10, 11, 12, 13].map((value) => ({ age: value, job: String(value) })),
  );
  if (read.kind === 'refused') throw new Error('refused');
  const taken = takeRows(read.table, [3, 0, 3]);
  expect([taken.rows, taken.columns.get('age')]).toMatchObject([3, { values: Float64Array.of(13, 10, 13) }]);
  expect([...spreadRows(10, 4)]).toEqual([0, 2, 5, 7]);
  expect([...spreadRows(2, 300)]).toEqual([0, 1]);
});
