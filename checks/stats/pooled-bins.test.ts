import { expect, test } from 'vitest';
import { tiesOf } from './merged-ties.ts';
import { pooledBins } from './pooled-bins.ts';

test('bins hold about a tenth of both samples together', () => {
  const even = Array.from({ length: 50 }, (_, i) => 2 * i);
  const odd = Array.from({ length: 50 }, (_, i) => 2 * i + 1);
  expect(pooledBins(tiesOf(even, odd))).toEqual([Array(10).fill(5), Array(10).fill(5)]);
});

test('a value that many rows share, and what is missing, are bins of their own', () => {
  const amounts = [0, 0, 0, 0, 0, 0, 0, 1, 2, Infinity];
  // Zeros, the rest below the missing ones, the missing ones.
  expect(pooledBins(tiesOf(amounts, [-1, ...amounts]))).toEqual([
    [0, 7, 1, 1, 1],
    [1, 7, 1, 1, 1],
  ]);
});

test('one value is one bin, and nothing is none', () => {
  expect(pooledBins(tiesOf([3, 3], [3]))).toEqual([[2], [1]]);
  expect(pooledBins(tiesOf([], []))).toEqual([[], []]);
});
