import { describe, expect, it } from 'vitest';
import type { Signature } from '../../serving/model/signature.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import { composeRows, factorsOf, sameValue } from './factors.ts';

function lists(name: string, values: readonly (readonly number[] | undefined)[]): Column {
  return {
    kind: 'list',
    name,
    values: values.map((value) => (value === undefined ? value : Float64Array.from(value))),
  };
}

function signature(rowShape: readonly number[]): Signature {
  return {
    inputs: [
      { name: 'image', datatype: 'FP32', columns: ['pixels'], rowShape, list: true },
      { name: 'age', datatype: 'FP32', columns: ['age'], rowShape: [], list: false },
    ],
    columns: [
      { name: 'pixels', type: 'list', domain: {} },
      { name: 'age', type: 'number', domain: {} },
    ],
  };
}

const table = (pixels: Column): Table => ({
  rows: 2,
  columns: new Map<string, Column>([
    ['pixels', pixels],
    ['age', { kind: 'number', name: 'age', values: Float64Array.of(1, 2) }],
  ]),
});
const counted = (length: number, from = 0): readonly number[] => Array.from({ length }, (_, i) => from + i);

describe('factors', () => {
  it('of a picture are patches of its last two dimensions, all channels together', () => {
    const factors = factorsOf(signature([2, 8, 4]), table(lists('pixels', [counted(64), counted(64)])));
    expect(factors).toHaveLength(4 * 4 + 1);
    expect(factors[0]).toEqual({
      name: 'pixels[0–1, 0]',
      column: 'pixels',
      places: Int32Array.of(0, 4, 32, 36),
    });
    expect(factors.at(-1)).toEqual({ name: 'age', column: 'age' });
    // Every element lies in exactly one patch.
    const places = factors.flatMap((factor) => [...(factor.places ?? [])]).toSorted((a, b) => a - b);
    expect(places).toEqual(counted(64));
  });

  it('of a flat list are runs', () => {
    const factors = factorsOf(signature([20]), table(lists('pixels', [counted(20), counted(20)])));
    expect(factors.map(({ name }) => name).slice(0, 3)).toEqual(['pixels[0–1]', 'pixels[2–4]', 'pixels[5–6]']);
    expect(factors).toHaveLength(8 + 1);
  });

  it.each([
    ['lists differ in length', lists('pixels', [counted(4), counted(6)])],
    ['a list is missing', lists('pixels', [counted(4), undefined])],
    ['a list has one element', lists('pixels', [[1], [2]])],
  ])('is the whole column where %s', (_, pixels) => {
    const [first] = factorsOf(signature([-1]), table(pixels));
    expect(first).toEqual({ name: 'pixels', column: 'pixels' });
  });
});

describe('rows put together', () => {
  it('take each patch from the row that it names', () => {
    const rows = table(lists('pixels', [counted(16), counted(16, 100)]));
    const factors = factorsOf(signature([4, 4]), rows);
    const picks = factors.map((_, k) => [k === 0 || k === 5 ? 1 : 0]);
    const { columns } = composeRows(rows, factors, picks);
    const list = columns.get('pixels');
    const expected = Float64Array.from(counted(16)).map((value, place) =>
      place === 0 || place === 5 ? value + 100 : value,
    );
    expect(list?.kind === 'list' ? list.values[0] : undefined).toEqual(expected);
    expect(columns.get('age')).toMatchObject({ values: Float64Array.of(1) });
  });

  it('leave the rows that they come from as they were', () => {
    const rows = table(lists('pixels', [counted(16), counted(16, 100)]));
    composeRows(
      rows,
      factorsOf(signature([4, 4]), rows),
      Array.from({ length: 17 }, (_, k) => [k % 2]),
    );
    expect(rows).toEqual(table(lists('pixels', [counted(16), counted(16, 100)])));
  });
});

describe('a value is the same', () => {
  const column = (made: Column): Table => ({ rows: 2, columns: new Map([[made.name, made]]) });
  const whole = { name: 'x', column: 'x' };
  it.each<[string, Column, boolean]>([
    ['a missing number and a missing number', { kind: 'number', name: 'x', values: Float64Array.of(NaN, NaN) }, true],
    ['a missing number and 0', { kind: 'number', name: 'x', values: Float64Array.of(NaN, 0) }, false],
    [
      'one word and another',
      { kind: 'category', name: 'x', codes: Int32Array.of(0, 1), dictionary: ['a', 'b'] },
      false,
    ],
    ['missing words', { kind: 'category', name: 'x', codes: Int32Array.of(-1, -1), dictionary: ['a'] }, true],
    [
      'a large integer and a missing one',
      { kind: 'integer', name: 'x', values: BigInt64Array.of(0n, 0n), missing: Uint8Array.of(0, 1) },
      false,
    ],
    [
      'equal lists',
      lists('x', [
        [1, 2],
        [1, 2],
      ]),
      true,
    ],
    ['a list and none', lists('x', [[1, 2], undefined]), false],
  ])('or not: %s', (_, made, same) => {
    expect(sameValue(column(made), whole, 0, 1)).toBe(same);
  });

  it('within a patch, whatever the rest of the list says', () => {
    const rows = column(
      lists('x', [
        [1, 2, 3],
        [1, 9, 3],
      ]),
    );
    expect(sameValue(rows, { ...whole, places: Int32Array.of(0, 2) }, 0, 1)).toBe(true);
    expect(sameValue(rows, { ...whole, places: Int32Array.of(1) }, 0, 1)).toBe(false);
  });
});
