import { describe, expect, it } from 'vitest';
import type { ColumnDomain } from '../../serving/model/specification.ts';
import type { Column } from '../../serving/model/table.ts';
import { cornerValues, MOST_WAYS } from './corner-values.ts';

const number = (...values: readonly number[]): Column => ({
  kind: 'number',
  name: 'c',
  values: Float64Array.from(values),
});
const texts = (...values: readonly string[]): Column => ({
  kind: 'category',
  name: 'c',
  codes: Int32Array.from(values, (_, row) => row),
  dictionary: values,
});
const lists = (...values: readonly (readonly number[])[]): Column => ({
  kind: 'list',
  name: 'c',
  values: values.map((list) => Float64Array.from(list)),
});

/** `kind/variant` of each corner, with a mark where nothing says that such a value comes. */
function corners(real: Column, domain: ColumnDomain = {}, mayMiss: readonly string[] = []) {
  const type = domain.type ?? (real.kind === 'category' ? 'text' : real.kind === 'list' ? 'list' : 'number');
  return cornerValues({ name: 'c', type, domain }, real, 3, mayMiss);
}
const told = (...given: Parameters<typeof corners>) =>
  corners(...given).map(
    ({ kind, variant, expected }) => `${kind}${variant === undefined ? '' : `/${variant}`}${expected ? '' : ' ?'}`,
  );

describe('the corner cases of a column', () => {
  it.each([
    [
      'a number, from the data',
      number(2, 7),
      {},
      ['missing ?', 'edge/least', 'edge/largest', 'zero ?', 'negative ?', 'huge ?'],
    ],
    [
      'a number, from its declared range',
      number(2, 7),
      { min: -10, max: 10 },
      ['missing ?', 'edge/least', 'edge/largest', 'zero', 'huge ?'],
    ],
    [
      'a number that is 0 already at its edge',
      number(0, 7),
      {},
      ['missing ?', 'edge/least', 'edge/largest', 'negative ?', 'huge ?'],
    ],
    ['a number with gaps', number(2, NaN), {}, ['missing', 'edge/least', 'zero ?', 'negative ?', 'huge ?']],
    [
      'a number of listed values',
      number(1, 2),
      { values: [0, 1, 2] },
      ['missing ?', 'edge/least', 'edge/largest', 'zero', 'negative ?', 'huge ?'],
    ],
    ['a truth value', number(0, 1), { type: 'boolean' }, ['missing ?', 'edge/least', 'edge/largest']],
    ['a text', texts('a', 'b'), {}, ['missing ?', 'unseen-category', 'text/empty ?', 'text/long', 'text/unicode']],
    [
      'a category',
      texts('a', 'b'),
      { type: 'category' },
      ['missing ?', 'unseen-category', 'text/empty ?', 'text/long ?', 'text/unicode ?'],
    ],
    ['a category of listed values', texts('a', 'b'), { values: ['a', 'b'] }, ['missing ?', 'unseen-category ?']],
    [
      'a list',
      lists([1, 2], [3, 4]),
      {},
      ['missing ?', 'edge/least', 'edge/largest', 'zero ?', 'negative ?', 'huge ?'],
    ],
  ] as const)('of %s', (_, real, domain, expected) => {
    expect(told(real, domain)).toEqual(expected);
    expect(expected.length).toBeLessThanOrEqual(MOST_WAYS);
  });

  it('a missing value is expected where the manifest says so', () => {
    expect(told(number(1, 2), {}, ['c'])[0]).toBe('missing');
  });

  it('fill every row of a list in the shape that is there', () => {
    const huge = corners(lists([1, 2, 3])).find(({ kind }) => kind === 'huge');
    expect(huge?.column).toMatchObject({ kind: 'list', values: [new Float64Array(3).fill(1e30), {}, {}] });
  });

  it('of whole numbers beyond 2^53 are the least and the largest that are there', () => {
    const real: Column = {
      kind: 'integer',
      name: 'c',
      values: BigInt64Array.of(5n, -(2n ** 60n), 7n),
      missing: Uint8Array.of(0, 0, 1),
    };
    const values = corners(real).map(({ column }) => (column.kind === 'integer' ? column.values[0] : undefined));
    expect(values).toEqual([-(2n ** 60n), 5n]);
  });
});
