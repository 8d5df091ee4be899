import { describe, expect, it } from 'vitest';
import { nextStart } from './pace.ts';

const limits = { perMinute: 3, perHour: 5 };

describe('the pace of writes', () => {
  it.each([
    ['the first starts at once', [], 1000, 1000],
    ['a burst starts at once up to the minute’s limit', [1000, 1000], 1000, 1000],
    ['the next waits until the first of the burst is a minute old', [1000, 1000, 1000], 1000, 61_000],
    ['it counts what starts later as well', [1000, 1000, 61_000], 1000, 61_000],
    ['never before what was promised to an earlier one', [90_000], 1000, 90_000],
    [
      'the hour’s limit holds when the minute’s would let it go',
      [0, 100_000, 200_000, 300_000, 400_000],
      500_000,
      3_600_000,
    ],
  ])('%s', (_, starts, now, expected) => {
    expect(nextStart(starts, now, limits)).toBe(expected);
  });
});
