import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../checks/stats/seeded-random.ts';
import { type Sample, climbOf } from './climb.ts';

const samples = (megabytes: (seconds: number) => number, count = 120): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => ({ seconds: 5 * index, megabytes: megabytes(5 * index) }));

describe('whether memory climbs', () => {
  test('a flat line does not, nor do the saw teeth of garbage collection', () => {
    expect(climbOf(samples(() => 200))).toMatchObject({ slope: 0, climbs: false });
    expect(climbOf(samples((seconds) => 200 + (seconds % 70)))?.climbs).toBe(false);
  });

  test('a leak of 60 MB an hour under saw teeth does, and its slope is found', () => {
    const random = seededRandom(4);
    const found = climbOf(samples((seconds) => 200 + (60 * seconds) / 3600 + (seconds % 20) + random.uniform()));
    expect(found?.climbs).toBe(true);
    expect(found?.slope).toBeGreaterThan(50);
    expect(found?.slope).toBeLessThan(70);
  });

  test('a certain climb of less than 2 % is not worth telling', () => {
    expect(climbOf(samples((seconds) => 200 + (3 * seconds) / 600))?.climbs).toBe(false);
    expect(climbOf(samples((seconds) => 200 + (6 * seconds) / 600))?.climbs).toBe(true);
  });

  test('noise alone cries wolf in hardly one of a hundred runs', () => {
    const cries = Array.from({ length: 400 }, (_, seed) => {
      const random = seededRandom(seed);
      return climbOf(samples(() => 200 + 10 * random.normal()))?.climbs === true;
    }).filter(Boolean).length;
    expect(cries).toBeLessThanOrEqual(6);
  });

  test('memory that falls does not climb', () => {
    expect(climbOf(samples((seconds) => 300 - seconds / 20))?.climbs).toBe(false);
  });

  // Ordinary least squares of ten points and t(0.995, 8), by scipy.stats.linregress: x = 1…10, y = 3, 4, 4, 5, 7, 6, 8, 9, 8, 10.
  test('slope and interval are those of ordinary least squares', () => {
    const y = [3, 4, 4, 5, 7, 6, 8, 9, 8, 10];
    const found = climbOf(y.map((megabytes, index) => ({ seconds: 3600 * (index + 1), megabytes })));
    expect(found?.slope).toBeCloseTo(0.7515151515151516, 10);
    expect(((found?.interval[1] ?? 0) - (found?.interval[0] ?? 0)) / 2).toBeCloseTo(0.2548053500406193, 10);
  });

  test('a process that was not there for a while is not judged', () => {
    expect(climbOf(samples(() => 200).filter(({ seconds }) => seconds < 100 || seconds > 300))).toBeUndefined();
    expect(climbOf([])).toBeUndefined();
  });
});
