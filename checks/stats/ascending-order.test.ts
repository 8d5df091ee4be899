import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascendingOrder } from './ascending-order.ts';
import { seededRandom } from './seeded-random.ts';

test('many values are ordered as a comparison orders them, ties by index', () => {
  const odd = [0, -0, Infinity, -Infinity, Number.MIN_VALUE, 1e-300, 1 + 2 ** -52, 1, 1 + 2 ** -51];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(1, 3, 20, 1e9), (seed, kinds) => {
      const random = seededRandom(seed);
      const values = Float64Array.from({ length: 4000 }, () =>
        random.index(3) === 0 ? (odd[random.index(odd.length)] ?? 0) : random.index(kinds) - kinds / 2,
      );
      const expected = [...values.keys()].toSorted((a, b) => {
        const [x, y] = [values[a] ?? 0, values[b] ?? 0];
        return x < y ? -1 : x > y ? 1 : a - b;
      });
      expect([...ascendingOrder(values)]).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});
