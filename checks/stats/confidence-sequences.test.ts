import { describe, expect, test } from 'vitest';
import { bisect } from './bisect.ts';
import {
  meanDifferenceSequence,
  mixtureRho,
  normalMixtureBoundary,
  normalMixtureInterval,
} from './normal-mixture-interval.ts';
import {
  bucketQuantileRatioSequence,
  bucketQuantileSequence,
  logQuantileMixture,
  quantileRanks,
  quantileRatioSequence,
  quantileSequence,
} from './quantile-sequence.ts';
import { logRateMixture, rateDifferenceSequence, rateSequence } from './rate-sequence.ts';
import { seededRandom } from './seeded-random.ts';

// Published values: gostevehoward/confseq, test/uniform_boundaries_unittest.cpp.
describe('confseq published values', () => {
  const rho = mixtureRho(100, 0.05);

  test('best_rho(100, 0.05) is 12.60056', () => expect(rho).toBeCloseTo(12.60056, 5));

  test('the two-sided normal mixture bounds at 30.35209', () =>
    expect(normalMixtureBoundary(100, rho, 0.05)).toBeCloseTo(30.35209, 5));

  test('the beta-binomial mixture with g = 0.2, h = 0.8 is −0.6941012 at s = 10, v = 100', () => {
    // v = g h n gives n = 625, s = k − n g gives k = 135.
    expect(logQuantileMixture(135, 625, 0.2, rho - 0.16)).toBeCloseTo(-0.6941012, 6);
  });

  test('the beta-binomial mixture bounds at 31.4308', () => {
    const s = bisect(0, 200, (sum) => logQuantileMixture(sum + 125, 625, 0.2, rho - 0.16) < Math.log(20));
    expect(s).toBeCloseTo(31.4308, 4);
  });
});

test('the half-width at n = N = 5000 is 0.04292, wider than the fixed-horizon 0.02772', () => {
  const { upper } = normalMixtureInterval({ count: 5000, mean: 0, variance: 1 }, { alpha: 0.05, tunedFor: 5000 });
  expect(upper).toBeCloseTo(0.04292, 5);
});

test('fewer than two numbers bound no mean', () => {
  const interval = normalMixtureInterval({ count: 1, mean: 3, variance: 0 }, { alpha: 0.05, tunedFor: 100 });
  expect(interval).toEqual({ lower: -Infinity, upper: Infinity });
});

test('no trials bound no rate, and none against many bound the difference on one side only by what is known', () => {
  expect(rateSequence({ events: 0, trials: 0 }, 0.05)).toEqual({ lower: 0, upper: 1 });
  const interval = rateDifferenceSequence({ events: 0, trials: 0 }, { events: 0, trials: 1000 }, 0.05);
  expect(interval.upper).toBeCloseTo(1, 9);
});

test('zero events in n trials bound the rate away from 0 by nothing and from above by less the more trials there are', () => {
  const few = rateSequence({ events: 0, trials: 100 }, 0.05);
  const many = rateSequence({ events: 0, trials: 10_000 }, 0.05);
  expect(few.lower).toBe(0);
  expect(many.upper).toBeLessThan(few.upper / 20);
});

test('both ends of a rate interval lie on the martingale’s limit', () => {
  const rate = { events: 37, trials: 1234 };
  const { lower, upper } = rateSequence(rate, 0.01);
  expect(logRateMixture(rate, lower)).toBeCloseTo(Math.log(100), 9);
  expect(logRateMixture(rate, upper)).toBeCloseTo(Math.log(100), 9);
});

test('the difference of two rates is antisymmetric', () => {
  const a = { events: 12, trials: 400 };
  const b = { events: 90, trials: 3600 };
  const forth = rateDifferenceSequence(a, b, 0.05);
  const back = rateDifferenceSequence(b, a, 0.05);
  expect(forth.lower).toBeCloseTo(-back.upper, 8);
  expect(forth.upper).toBeCloseTo(-back.lower, 8);
});

test('for streams of equal size the joint interval is narrower than two intervals subtracted', () => {
  const a = { events: 12, trials: 400 };
  const b = { events: 10, trials: 400 };
  const [x, y, joint] = [rateSequence(a, 0.025), rateSequence(b, 0.025), rateDifferenceSequence(a, b, 0.05)];
  expect(joint.upper - joint.lower).toBeLessThan(x.upper - y.lower - (x.lower - y.upper));
});

test('a candidate that fails every second request is told from a sound champion within some twenty requests', () => {
  const interval = rateDifferenceSequence({ events: 10, trials: 20 }, { events: 0, trials: 400 }, 0.05);
  expect(interval.lower).toBeGreaterThan(0.1);
});

test('a median of few observations is unbounded', () => {
  expect(quantileSequence([1, 2, 3], 0.5, { alpha: 0.05, tunedFor: 100 })).toEqual({
    lower: -Infinity,
    upper: Infinity,
  });
  expect(quantileRanks(0, 0.5, { alpha: 0.05, tunedFor: 100 })).toEqual({ low: 0, high: 1 });
});

test('buckets widen an interval to their edges and never narrow it', () => {
  const sorted = Float64Array.from({ length: 1000 }, (_, i) => 1 + i / 250);
  const bounds = [1, 2, 2.5, 3, 3.5, 4];
  const counts = [...bounds, Infinity].map((bound, i) => {
    const below = i === 0 ? -Infinity : (bounds[i - 1] ?? Infinity);
    return sorted.filter((value) => value > below && value <= bound).length;
  });
  const options = { alpha: 0.05, tunedFor: 1000 };
  const exact = quantileSequence(sorted, 0.5, options);
  const coarse = bucketQuantileSequence({ bounds, counts }, 0.5, options);
  expect(coarse.lower).toBeLessThanOrEqual(exact.lower);
  expect(coarse.upper).toBeGreaterThanOrEqual(exact.upper);
  expect(coarse).toEqual({ lower: 2.5, upper: 3.5 });
});

test('a latency ratio of nothing says nothing', () => {
  const none = { bounds: [1, 2], counts: [0, 0, 0] };
  expect(bucketQuantileRatioSequence(none, none, 0.5, { alpha: 0.05, tunedFor: 100 })).toEqual({
    lower: 0,
    upper: Infinity,
  });
  expect(quantileRatioSequence([], [], 0.5, { alpha: 0.05, tunedFor: 100 })).toEqual({ lower: 0, upper: Infinity });
});

describe('looked at after every observation, an interval at α = 0.1 is ever wrong in at most a tenth of the streams', () => {
  const STREAMS = 300;
  const LOOKS = 1000;
  // 0.1 and three standard errors of a share of 300 streams.
  const limit = 0.1 + 3 * Math.sqrt((0.1 * 0.9) / STREAMS);

  function shareEverWrong(wrongAt: (n: number, stream: number) => boolean): number {
    let wrong = 0;
    for (let stream = 0; stream < STREAMS; stream++) {
      for (let n = 1; n <= LOOKS; n++) {
        if (!wrongAt(n, stream)) continue;
        wrong++;
        break;
      }
    }
    return wrong / STREAMS;
  }

  test('rates', () => {
    const random = seededRandom(7);
    let events = 0;
    const share = shareEverWrong((n) => {
      if (n === 1) events = 0;
      if (random.uniform() < 0.03) events++;
      return logRateMixture({ events, trials: n }, 0.03) >= Math.log(10);
    });
    expect(share).toBeLessThanOrEqual(limit);
  });

  test('the difference of two rates whose streams grow unevenly', () => {
    const random = seededRandom(8);
    let [a, b, trialsA, trialsB] = [0, 0, 0, 0];
    const share = shareEverWrong((n) => {
      if (n === 1) [a, b, trialsA, trialsB] = [0, 0, 0, 0];
      if (random.uniform() < 0.2) {
        trialsA++;
        if (random.uniform() < 0.05) a++;
      } else {
        trialsB++;
        if (random.uniform() < 0.02) b++;
      }
      if (n % 50 !== 0) return false;
      const interval = rateDifferenceSequence({ events: a, trials: trialsA }, { events: b, trials: trialsB }, 0.1);
      return interval.lower > 0.03 || interval.upper < 0.03;
    });
    expect(share).toBeLessThanOrEqual(limit);
  });

  test('medians, with many ties', () => {
    const random = seededRandom(9);
    let counts = [0, 0, 0, 0, 0, 0];
    // Values 0..5 with equal odds: every number from 2 to 3 is a median.
    const share = shareEverWrong((n) => {
      if (n === 1) counts = [0, 0, 0, 0, 0, 0];
      const value = random.index(6);
      counts[value] = (counts[value] ?? 0) + 1;
      if (n % 10 !== 0) return false;
      const interval = bucketQuantileSequence({ bounds: [0, 1, 2, 3, 4], counts }, 0.5, { alpha: 0.1, tunedFor: 300 });
      return interval.lower > 2 || interval.upper < 2;
    });
    expect(share).toBeLessThanOrEqual(limit);
  });

  test('means', () => {
    const random = seededRandom(10);
    let [sum, squares] = [0, 0];
    const share = shareEverWrong((n) => {
      if (n === 1) [sum, squares] = [0, 0];
      const x = random.normal();
      sum += x;
      squares += x * x;
      if (n < 30) return false;
      const variance = (squares - (sum * sum) / n) / (n - 1);
      const interval = normalMixtureInterval({ count: n, mean: sum / n, variance }, { alpha: 0.1, tunedFor: 300 });
      return interval.lower > 0 || interval.upper < 0;
    });
    expect(share).toBeLessThanOrEqual(limit);
  });
});

test('two equal means differ by an interval around 0', () => {
  const a = { count: 1000, mean: 0.5, variance: 0.25 };
  const { lower, upper } = meanDifferenceSequence(a, a, { alpha: 0.05, tunedFor: 1000 });
  expect(lower).toBeCloseTo(-upper, 12);
  expect(upper).toBeCloseTo(0.10369785500117484, 12);
});
