import { expect, test } from 'vitest';
import { andersonDarling } from './anderson-darling.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { energyDistance } from './energy-distance.ts';
import { ksTwoSample } from './ks-two-sample.ts';
import { mannWhitney } from './mann-whitney.ts';
import { maximumMeanDiscrepancy } from './maximum-mean-discrepancy.ts';
import { pcaReconstruction } from './pca-reconstruction.ts';
import { pointsOf } from './points.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';

const LEVEL = 0.05;

/** Share of repetitions, all without any drift, in which a test says there is. */
function falseAlarms(repetitions: number, pValue: (random: SeededRandom, repetition: number) => number): number {
  const random = seededRandom(20_261_121);
  let alarms = 0;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    if (pValue(random, repetition) <= LEVEL) alarms++;
  }
  return alarms / repetitions;
}

const laws = {
  continuous: (random: SeededRandom) => random.normal(),
  'six parts in ten of one value': (random: SeededRandom) => (random.uniform() < 0.6 ? 0 : random.uniform()),
  'two values': (random: SeededRandom) => (random.uniform() < 0.667 ? 0 : 1),
};

const rankTests = {
  ks: (a: ArrayLike<number>, b: ArrayLike<number>, seed: number) => ksTwoSample(a, b, seed).pValue,
  'Mann–Whitney': (a: ArrayLike<number>, b: ArrayLike<number>) => mannWhitney(a, b).pValue,
  'Cramér–von Mises': (a: ArrayLike<number>, b: ArrayLike<number>, seed: number) => cramerVonMises(a, b, seed).pValue,
  'Anderson–Darling': (a: ArrayLike<number>, b: ArrayLike<number>, seed: number) => andersonDarling(a, b, seed).pValue,
};

// Sizes beyond 2,000 rows a side, where ties meet the asymptotic laws, and well below, where continuous samples do.
const cells = Object.entries(laws).flatMap(([law, drawn]) =>
  Object.entries(rankTests).map(([name, judged]) => ({ name, law, drawn, judged })),
);

test.each(cells)('$name cries wolf in at most 6 % of samples of $law', ({ law, drawn, judged }) => {
  const [n, m, repetitions] = law === 'continuous' ? [60, 300, 5000] : [50, 2001, 3000];
  const rate = falseAlarms(repetitions, (random, repetition) => {
    const sample = (size: number) => Float64Array.from({ length: size }, () => drawn(random));
    return judged(sample(n), sample(m), repetition);
  });
  // Three standard errors of so many repetitions.
  const chance = 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / repetitions);
  expect(rate).toBeLessThan(0.05 + chance);
  expect(rate).toBeGreaterThan(law === 'continuous' ? 0.035 : 0);
});

test.each([
  ['MMD', (a, b, seed) => maximumMeanDiscrepancy(a, b, { seed, permutations: 99 }).pValue],
  ['energy', (a, b, seed) => energyDistance(a, b, { seed, permutations: 99 }).pValue],
  ['PCA', (a, b, seed) => pcaReconstruction(a, b, { seed })?.pValue ?? 1],
] as [string, (a: ReturnType<typeof pointsOf>, b: ReturnType<typeof pointsOf>, seed: number) => number][])(
  '%s cries wolf in 3 to 7 % of samples of five related columns',
  (_, judged) => {
    const rate = falseAlarms(1000, (random, repetition) => {
      const sample = (rows: number) => {
        const factor = Array.from({ length: rows }, () => random.normal());
        return pointsOf([0, 1, 2, 3, 4].map(() => factor.map((f) => f + random.normal())));
      };
      return judged(sample(80), sample(50), repetition);
    });
    expect(rate).toBeGreaterThan(0.03);
    expect(rate).toBeLessThan(0.07);
  },
);
