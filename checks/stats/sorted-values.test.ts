import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from './seeded-random.ts';
import { sortedValues } from './sorted-values.ts';

describe('sortedValues', () => {
  test('equals the engine’s sort, signs, infinities and subnormal numbers included', () => {
    const odd = [0, -0, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, 1e-300, -1e300];
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), fc.integer({ min: 1, max: 9 }), (values, seed) => {
        const random = seededRandom(seed);
        const many = Float64Array.from({ length: 3000 }, () =>
          random.index(4) === 0 ? (odd[random.index(odd.length)] ?? 0) : random.normal() * 10 ** random.index(20),
        );
        const all = Float64Array.from([...many, ...values, ...odd]);
        expect(sortedValues(all)).toEqual(all.slice().sort());
        expect(sortedValues(values)).toEqual(Float64Array.from(values).sort());
      }),
      { numRuns: 50 },
    );
  });

  test('leaves the values as they were, and gives back what is in order already', () => {
    const values = Float64Array.from({ length: 5000 }, (_, i) => -i);
    const sorted = sortedValues(values);
    expect(values[1]).toBe(-1);
    expect(sortedValues(sorted)).toBe(sorted);
  });
});
