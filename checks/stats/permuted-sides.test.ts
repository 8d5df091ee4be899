import { describe, expect, test } from 'vitest';
import { hypergeometricDraw } from './hypergeometric-draw.ts';
import { tiesOf } from './merged-ties.ts';
import { permutedSides } from './permuted-sides.ts';
import { seededRandom } from './seeded-random.ts';

describe('shuffling which row belongs to which sample', () => {
  // scipy.stats.hypergeom(40, 15, 12).pmf(range(13)); (40, 3, 3).pmf(range(4))
  const laws = [
    {
      urn: [40, 15, 12],
      points: [
        9.30810163e-4, 0.0119675592, 0.0614334708, 0.166382317, 0.264254268, 0.258381951, 0.158655584, 0.0611957251,
        0.0145704107, 0.00206046213, 1.61253558e-4,
      ],
    },
    { urn: [40, 3, 3], points: [0.786437247, 0.202226721, 0.0112348178, 1.01214575e-4] },
  ] as const;

  test.each(laws)(
    'the number of marked rows among those drawn follows the hypergeometric law: $urn',
    ({ urn, points }) => {
      const [total, marked, drawn] = urn;
      const random = seededRandom(7);
      const times = 200_000;
      const counts = points.map(() => 0);
      for (let i = 0; i < times; i++) {
        const k = hypergeometricDraw(total, marked, drawn, random);
        if (k < counts.length) counts[k] = (counts[k] ?? 0) + 1;
      }
      // Five standard errors.
      points.forEach((p, k) => {
        expect(Math.abs((counts[k] ?? 0) / times - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / times) + 1e-6);
      });
    },
  );

  test('large blocks, many blocks, and a smaller second sample all give the share of all assignments', () => {
    // Rows of the first sample among the lowest block: 1 − hypergeom(40, 20, 20).cdf(12) = 0.0564… where 20 rows are tied lowest.
    const few = tiesOf([...ofValue(0, 13), ...ofValue(1, 7)], [...ofValue(0, 7), ...ofValue(1, 13)]);
    expect(permutedSides(few, ([lowest = 0]) => lowest, 3)).toBeCloseTo(0.0564, 1);
    // The lowest of 3 + 40 different values is one of the three: 3/43.
    const many = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(permutedSides(tiesOf([0, 50, 60], many), ([lowest = 0]) => lowest, 3)).toBeCloseTo(3 / 43, 1);
    expect(permutedSides(tiesOf(many, [0.5, 50, 60]), ([lowest = 0]) => 1 - lowest, 3)).toBeCloseTo(3 / 43, 1);
  });
});

function ofValue(value: number, times: number): readonly number[] {
  return Array.from({ length: times }, () => value);
}
