import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/seeded-random.ts';
import { averagePrecision, precisionRecallCurve, rocCurve, type ScoreCurve, thinned } from './score-curves.ts';

/** By scikit-learn: oracle/make_curve_tables.py. */
interface Tables {
  readonly cases: readonly {
    readonly labels: readonly number[];
    readonly scores: readonly number[];
    readonly roc: ScoreCurve;
    readonly precision_recall: ScoreCurve;
    readonly average_precision: number;
  }[];
}
const { cases }: Tables = JSON.parse(readFileSync(new URL('oracle/curve-tables.json', import.meta.url), 'utf8'));

function expectSame(found: ScoreCurve | undefined, { x, y }: ScoreCurve): void {
  expect(found?.x).toHaveLength(x.length);
  x.forEach((value, i) => {
    expect(found?.x[i]).toBeCloseTo(value, 12);
  });
  y.forEach((value, i) => {
    expect(found?.y[i]).toBeCloseTo(value, 12);
  });
}

describe('curves over a falling threshold', () => {
  test.each(cases)(
    'agree with scikit-learn, ties and all',
    ({ labels, scores, roc, precision_recall, average_precision }) => {
      expectSame(rocCurve(scores, labels), roc);
      const found = precisionRecallCurve(scores, labels);
      expectSame(found, precision_recall);
      expect(found === undefined ? NaN : averagePrecision(found)).toBeCloseTo(average_precision, 12);
    },
  );

  test('are not defined when every row has the same label', () => {
    expect([rocCurve([0.1, 0.2], [1, 1]), precisionRecallCurve([0.1, 0.2], [0, 0])]).toEqual([undefined, undefined]);
  });

  test('are thinned to what a drawing shows, ends and area kept', () => {
    const random = seededRandom(4);
    const scores = Float64Array.from({ length: 20_000 }, () => random.uniform());
    const truth = Uint8Array.from(scores, (score) => (random.uniform() < score ? 1 : 0));
    const whole = rocCurve(scores, truth) ?? { x: [], y: [] };
    const few = thinned(whole, 200);
    expect(few.x.length).toBeLessThanOrEqual(200);
    expect(few.x.length).toBeGreaterThan(150);
    expect([few.x[0], few.y[0], few.x.at(-1), few.y.at(-1)]).toEqual([0, 0, 1, 1]);
    expect(areaUnder(few)).toBeCloseTo(areaUnder(whole), 3);
  });

  test('of few points are left as they are', () => {
    const curve = { x: [0, 0.5, 1], y: [0, 1, 1] };
    expect(thinned(curve, 200)).toEqual(curve);
  });
});

const areaUnder = ({ x, y }: ScoreCurve): number =>
  x.reduce(
    (sum, value, i) => (i === 0 ? 0 : sum + ((value - (x[i - 1] ?? 0)) * ((y[i] ?? 0) + (y[i - 1] ?? 0))) / 2),
    0,
  );
