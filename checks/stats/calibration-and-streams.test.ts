import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../metrics/oracle/tables.json' with { type: 'json' };
import { adwinMean, adwinNext, adwinStart } from './adwin.ts';
import { bcaInterval } from './bca-interval.ts';
import { bettingSequence } from './betting-sequence.ts';
import { brierDecomposition } from './brier-decomposition.ts';
import { calibrationError } from './calibration-error.ts';
import { cusumNext, cusumRunLength, cusumStart } from './cusum.ts';
import { estimatedPerformance } from './estimated-performance.ts';
import { isotonicFit, isotonicValue } from './isotonic-fit.ts';
import { pageHinkleyNext, pageHinkleyStart } from './page-hinkley.ts';
import { resamplesOf } from './paired-bootstrap.ts';
import { reliabilityBins } from './reliability-bins.ts';
import { rocAuc } from './roc-auc.ts';
import { seededRandom } from './seeded-random.ts';
import { stratifiedResamples } from './stratified-bootstrap.ts';
import { wilsonInterval } from './wilson-interval.ts';

// Expected values: scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0 (checks/metrics/oracle/make_tables.py).

const probabilities = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 60 });

describe('calibration', () => {
  test.each(oracle.wilson)(
    'Wilson’s interval of %d in %d',
    (events = NaN, trials = NaN, alpha = NaN, lower = NaN, upper = NaN) => {
      const found = wilsonInterval(events, trials, alpha);
      expect(found.lower).toBeCloseTo(lower, 12);
      expect(found.upper).toBeCloseTo(upper, 12);
    },
  );

  test('bins have equal counts, hold every row once, and never part rows of one probability', () => {
    fc.assert(
      fc.property(probabilities, fc.integer({ min: 1, max: 12 }), (whole, bins) => {
        const p = whole.map((value) => value / 20);
        const y = p.map((_, i) => i % 2);
        const found = reliabilityBins(p, y, bins);
        expect(found.reduce((sum, { rows }) => sum + rows, 0)).toBe(p.length);
        expect(found.length).toBeLessThanOrEqual(bins);
        const means = found.map(({ predicted }) => predicted);
        expect(means).toEqual(means.toSorted((a, b) => a - b));
        expect(new Set(means).size).toBe(means.length);
      }),
    );
  });

  test('distinct probabilities make bins of equal count', () => {
    const p = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);
    expect(reliabilityBins(p, p.map(Math.round)).map(({ rows }) => rows)).toEqual(Array(10).fill(10));
  });

  test('Murphy’s parts add up to the Brier score, and to nothing inside of bins of one probability', () => {
    for (const { scores, labels, metrics } of oracle.binary) {
      const parts = brierDecomposition(scores, labels);
      expect(parts.brier).toBeCloseTo(metrics.brier, 12);
      const { reliability, resolution, uncertainty, withinBins } = parts;
      expect(reliability - resolution + uncertainty + withinBins).toBeCloseTo(parts.brier, 12);
    }
    expect(brierDecomposition([0.2, 0.2, 0.7, 0.7, 0.7], [0, 1, 1, 1, 0], 3).withinBins).toBeCloseTo(0, 15);
  });

  const random = seededRandom(5);
  const drawn = Array.from({ length: 2000 }, () => random.uniform());
  const truth = drawn.map((p) => (random.uniform() < p ? 1 : 0));

  test('probabilities that are frequencies are not told apart from chance', () => {
    const found = calibrationError(drawn, truth, { seed: 1, alpha: 0.05 });
    expect(found.pValue).toBeGreaterThan(0.05);
    expect(found.error / found.floor).toBeLessThan(2);
    expect(found.interval.lower).toBeLessThan(0.01);
  });

  test('probabilities that are too sure of themselves are, with an interval around their error', () => {
    const sure = drawn.map((p) => p * p * (3 - 2 * p));
    const found = calibrationError(sure, truth, { seed: 1, alpha: 0.05 });
    expect(found.pValue).toBe(0.001);
    // The mean of |p² (3 − 2p) − p| over the unit interval is 1/16.
    expect(found.interval.lower).toBeLessThan(1 / 16);
    expect(found.interval.upper).toBeGreaterThan(1 / 16);
  });

  test('its p-value cries wolf about as often as it says', () => {
    let rejected = 0;
    const noise = seededRandom(9);
    for (let repetition = 0; repetition < 400; repetition++) {
      const p = Array.from({ length: 120 }, () => noise.uniform());
      const y = p.map((each) => (noise.uniform() < each ? 1 : 0));
      if (calibrationError(p, y, { seed: repetition, alpha: 0.05, resamples: 99 }).pValue <= 0.05) rejected++;
    }
    // 99 % binomial band of 5 % in 400.
    expect(rejected).toBeGreaterThanOrEqual(9);
    expect(rejected).toBeLessThanOrEqual(33);
  });

  test.each(oracle.binary.map(({ scores, labels, isotonic }) => ({ scores, labels, isotonic })))(
    'an isotonic fit equals scikit-learn’s, case %#',
    ({ scores, labels, isotonic }) => {
      const fit = isotonicFit(scores, labels);
      isotonic.forEach((expected, i) => expect(isotonicValue(fit, i / 20)).toBeCloseTo(expected, 12));
    },
  );
});

describe('bootstrap', () => {
  const { values, interval } = oracle.bca;
  const meanOf = (times: ArrayLike<number>) =>
    values.reduce((sum, value, i) => sum + value * (times[i] ?? 0), 0) / values.length;

  test('BCa agrees with scipy’s of 200,000 resamples', () => {
    const resamples = resamplesOf(values.length, meanOf, { resamples: 40_000, seed: 1 });
    const total = values.reduce((sum, value) => sum + value, 0);
    const jackknife = Float64Array.from(values, (value) => (total - value) / (values.length - 1));
    const found = bcaInterval(total / values.length, resamples ?? new Float64Array(0), jackknife, 0.05);
    expect(Math.abs((found?.lower ?? NaN) - (interval[0] ?? NaN))).toBeLessThan(0.01);
    expect(Math.abs((found?.upper ?? NaN) - (interval[1] ?? NaN))).toBeLessThan(0.02);
  });

  test('BCa of resamples that all lie on one side is none', () => {
    expect(bcaInterval(0, Float64Array.of(1, 2, 3), Float64Array.of(0, 1), 0.05)).toBeUndefined();
  });

  test('strata keep their sizes in every resample', () => {
    const strata = Uint8Array.from({ length: 50 }, (_, i) => (i < 3 ? 1 : 0));
    const sizes = stratifiedResamples(strata, (times) => times.subarray(0, 3).reduce((sum, each) => sum + each, 0), {
      resamples: 200,
      seed: 4,
    });
    expect(new Set(sizes)).toEqual(new Set([3]));
  });
});

describe('the betting sequence', () => {
  const intervalsOf = (values: readonly number[], alpha: number) => {
    const sequence = bettingSequence(alpha);
    return values.map((value) => {
      sequence.observe(value);
      return sequence.interval();
    });
  };

  test('holds the mean at every look in at least 95 % of streams, of rates and of skewed shares', () => {
    let left = 0;
    const repetitions = 300;
    const random = seededRandom(11);
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const isRate = repetition % 2 === 0;
      const mean = isRate ? 0.1 : 1 / 3;
      const values = Array.from({ length: 300 }, () =>
        isRate ? Number(random.uniform() < 0.1) : random.uniform() ** 2,
      );
      if (intervalsOf(values, 0.05).some(({ lower, upper }) => lower > mean || upper < mean)) left++;
    }
    // 99 % binomial bound of 5 % in 300.
    expect(left).toBeLessThanOrEqual(25);
  });

  test('only narrows, and is far narrower than Hoeffding’s where values vary little', () => {
    const random = seededRandom(3);
    const intervals = intervalsOf(
      Array.from({ length: 1000 }, () => 0.5 + 0.02 * (random.uniform() - 0.5)),
      0.05,
    );
    for (const [i, { lower, upper }] of intervals.entries()) {
      expect(lower).toBeGreaterThanOrEqual(intervals[i - 1]?.lower ?? 0);
      expect(upper).toBeLessThanOrEqual(intervals[i - 1]?.upper ?? 1);
    }
    const { lower, upper } = intervals.at(-1) ?? { lower: 0, upper: 1 };
    expect(upper - lower).toBeLessThan(Math.sqrt(Math.log(2 / 0.05) / 2000) / 3);
  });

  test('refuses what is not bounded', () => {
    expect(() => bettingSequence(0.05).observe(1.5)).toThrow('found 1.5, expected a value from 0 to 1');
    expect(() => bettingSequence(0.05).observe(NaN)).toThrow(RangeError);
  });
});

describe('streams', () => {
  const normals = (seed: number, length: number, shiftAt = Infinity, shift = 0) => {
    const random = seededRandom(seed);
    return Array.from({ length }, (_, i) => random.normal() + (i >= shiftAt ? shift : 0));
  };

  test('Page–Hinkley finds a rise and a fall, and begins anew', () => {
    const options = { tolerance: 0.1, threshold: 15, minimum: 30 };
    for (const [shift, alarm] of [
      [1.5, 'rose'],
      [-1.5, 'fell'],
    ] as const) {
      let state = pageHinkleyStart;
      const alarms: number[] = [];
      normals(7, 400, 200, shift).forEach((value, i) => {
        state = pageHinkleyNext(state, value, options);
        if (state.alarm === alarm) alarms.push(i);
      });
      expect(alarms[0]).toBeGreaterThanOrEqual(200);
      expect(alarms[0]).toBeLessThan(230);
    }
  });

  test('CUSUM finds a shift of one standard deviation within some twenty values of a learned stream', () => {
    let state = cusumStart;
    let first: number | undefined;
    normals(21, 600, 400, 1).forEach((value, i) => {
      state = cusumNext(state, value, { slack: 0.5, height: 8, warmUp: 200 });
      if (state.alarm !== 'none') first ??= i;
    });
    expect(first).toBeGreaterThanOrEqual(400);
    expect(first).toBeLessThan(440);
  });

  test('a CUSUM’s run length without a shift is Siegmund’s', () => {
    // Montgomery, table 9.3: 465 at slack ½ and height 5; Siegmund's approximation gives 469.
    expect(cusumRunLength({ slack: 0.5, height: 5 })).toBeCloseTo(469.1, 0);
    const random = seededRandom(8);
    let [values, alarms] = [0, 0];
    const learned = { ...cusumStart, count: 1, mean: 0, squares: 0 };
    let state = { ...learned };
    for (; values < 200_000; values++) {
      // Mean 0 and spread 1 are known: a warm-up of one value whose spread is given.
      state = cusumNext({ ...state, squares: 1 }, random.normal(), { slack: 0.5, height: 5, warmUp: 1 });
      if (state.alarm !== 'none') alarms++;
    }
    expect(values / alarms / 465).toBeGreaterThan(0.85);
    expect(values / alarms / 465).toBeLessThan(1.15);
  });

  test('ADWIN changes where its rule on the whole window does, within one look, and never on a steady stream', () => {
    const changesOf = (values: readonly number[]) => {
      let state = adwinStart;
      const changes: number[] = [];
      values.forEach((value, i) => {
        state = adwinNext(state, value);
        if (state.changed) changes.push(i);
      });
      return { changes, state };
    };
    expect(changesOf(oracle.streams.steady).changes).toEqual(oracle.streams.steadyChanges);
    const { changes, state } = changesOf(oracle.streams.shifted);
    expect(Math.abs((changes[0] ?? 0) - (oracle.streams.shiftedChanges[0] ?? 0))).toBeLessThanOrEqual(32);
    const after = oracle.streams.shifted.slice(1000);
    expect(adwinMean(state)).toBeCloseTo(after.reduce((sum, value) => sum + value, 0) / after.length, 1);
  });

  test('ADWIN’s window has the mean and spread of the values it holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const state = values.reduce((before, value) => adwinNext(before, value), adwinStart);
          const held = values.slice(values.length - state.count);
          const mean = held.reduce((sum, value) => sum + value, 0) / held.length;
          expect(adwinMean(state)).toBeCloseTo(mean, 6);
          const spread = held.reduce((sum, value) => sum + (value - mean) ** 2, 0);
          expect(Math.abs(state.spread - spread)).toBeLessThan(1e-6 * Math.max(1, spread));
        },
      ),
    );
  });
});

describe('estimated performance', () => {
  test('is what it would be on the average when the probabilities are right', () => {
    const random = seededRandom(13);
    const p = Array.from({ length: 20_000 }, () => random.uniform() ** 2);
    const y = p.map((each) => (random.uniform() < each ? 1 : 0));
    const decisions = p.map((each) => (each >= 0.5 ? 1 : 0));
    const estimate = estimatedPerformance(p, decisions);
    const right = decisions.filter((decision, i) => decision === y[i]).length / p.length;
    expect(estimate.accuracy).toBeCloseTo(right, 2);
    expect(estimate.rocAuc).toBeCloseTo(rocAuc(p, y) ?? NaN, 2);
  });

  test('leaves out what has no denominator', () => {
    expect(estimatedPerformance([0.2, 0.3], [0, 0])).toMatchObject({ accuracy: 0.75 });
    expect(estimatedPerformance([0.2, 0.3], [0, 0])).not.toHaveProperty('precision');
  });

  const folder = join(import.meta.dirname, '../../../shared/data/published/california');
  test.skipIf(!existsSync(folder))(
    'misses on California as the facts say: the area by 0.04, the accuracy by 0.13',
    () => {
      const rowsOf = (name: string) => {
        const [header = '', ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n');
        const names = header.split(',');
        return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
      };
      const truth = new Map(
        rowsOf('california_housing_analysis_gt.csv').map((row) => [row['id'], Number(row['clf_target'])]),
      );
      const months = Map.groupBy(rowsOf('california_housing_analysis.csv'), (row) =>
        (row['timestamp'] ?? '').slice(0, 7),
      );
      const errors = [...months.values()].map((rows) => {
        const p = rows.map((row) => Number(row['y_pred_proba']));
        const y = rows.map((row) => truth.get(row['id']) ?? NaN);
        const decisions = rows.map((row) => Number(row['y_pred']));
        const estimate = estimatedPerformance(p, decisions);
        const accuracy = decisions.filter((decision, i) => decision === y[i]).length / y.length;
        return {
          area: Math.abs((estimate.rocAuc ?? NaN) - (rocAuc(p, y) ?? NaN)),
          accuracy: Math.abs(estimate.accuracy - accuracy),
        };
      });
      const meanOf = (name: 'area' | 'accuracy') => errors.reduce((sum, each) => sum + each[name], 0) / errors.length;
      expect(errors.length).toBe(12);
      expect(Math.abs(meanOf('area') - 0.039)).toBeLessThan(0.02);
      expect(meanOf('accuracy')).toBeGreaterThan(0.02);
    },
  );
});
