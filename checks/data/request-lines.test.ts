import { describe, expect, test } from 'vitest';
import { areRequestLines, readRequestLines } from './request-lines.ts';

const bytes = (...lines: readonly unknown[]) =>
  Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));

describe('recorded requests', () => {
  test('are V1 requests or bare records; null and a lacking key are missing', () => {
    const read = readRequestLines(
      bytes(
        {
          instances: [
            {
              age: 31,
              sex: 'Female',
              pixels: [
                [1, 2],
                [3, 4],
              ],
            },
            { age: null, sex: 'Male', pixels: null },
          ],
        },
        { age: 44, sex: null, member: true },
      ),
    );
    if (read.kind === 'refused') throw new Error(read.problems[0]?.reason);
    expect(read.table.rows).toBe(3);
    expect(read.table.columns.get('age')).toEqual({
      kind: 'number',
      name: 'age',
      values: Float64Array.of(31, NaN, 44),
    });
    expect(read.table.columns.get('sex')).toMatchObject({
      dictionary: ['Female', 'Male'],
      codes: Int32Array.of(0, 1, -1),
    });
    expect(read.table.columns.get('member')).toMatchObject({ values: Float64Array.of(NaN, NaN, 1) });
    expect(read.table.columns.get('pixels')).toMatchObject({
      kind: 'list',
      values: [Float64Array.of(1, 2, 3, 4), undefined, undefined],
    });
  });

  test('take the types that are known, and text where any value is text', () => {
    const read = readRequestLines(
      bytes({ zip: 8001, grade: 1 }, { zip: 9000, grade: 'b' }),
      new Map([['zip', 'category']]),
    );
    if (read.kind === 'refused') throw new Error(read.problems[0]?.reason);
    expect(read.table.columns.get('zip')).toMatchObject({ kind: 'category', dictionary: ['8001', '9000'] });
    expect(read.table.columns.get('grade')).toMatchObject({ kind: 'category', dictionary: ['1', 'b'] });
  });

  test.each([
    [bytes({ age: 31 }, '{"age": 3'), { line: 2, reason: expect.stringMatching(/^not JSON/) }],
    [bytes({ age: 31 }, [1]), { line: 2, reason: 'found [1], expected an object: a record, or {"instances": […]}' }],
    [
      bytes({ instances: 3 }),
      { line: 1, reason: '"instances" must be a list of records, objects of column names and values' },
    ],
    [bytes({ age: 31 }, { age: 'old' }), { row: 2, line: 2, column: 'age', reason: 'found "old", expected a number' }],
    [bytes({ age: { years: 3 } }), { row: 1, line: 1, column: 'age', reason: expect.stringContaining('{"years":3}') }],
    [bytes({ instances: [] }), { reason: 'no records: each line must be one' }],
  ])('what cannot be read is named with its line: %#', (given, problem) => {
    expect(readRequestLines(given, new Map([['age', 'number']]))).toEqual({ kind: 'refused', problems: [problem] });
  });

  test('are told from a CSV by their first brace, byte order mark and blank lines or not', () => {
    expect(areRequestLines(Buffer.from('\uFEFF\n {"a": 1}'))).toBe(true);
    expect(areRequestLines(Buffer.from('a,b\n1,2\n'))).toBe(false);
    expect(areRequestLines(Buffer.from('PAR1'))).toBe(false);
  });
});
