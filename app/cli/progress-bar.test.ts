import { expect, test } from 'vitest';
import { progressBar } from './progress-bar.ts';

test.each([
  [0, '░░░░░░░░░░░░░░░░░░░░   0 %'],
  [0.25, '█████░░░░░░░░░░░░░░░  25 %'],
  [1, '████████████████████ 100 %'],
  [1.7, '████████████████████ 100 %'],
])('a share of %d is %s', (share, bar) => {
  expect(progressBar(share)).toBe(bar);
});
