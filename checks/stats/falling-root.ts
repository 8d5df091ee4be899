import { bisect } from './bisect.ts';

/** Enough squarings to leave the range of doubles from 1 in either direction. */
const STRIDES = 12;

/**
 * The positive x at which a falling function goes below `target`, to machine precision of x itself, be it 1e-300 or 1e300: the critical
 * value of an upper tail. 0 when it starts below, ∞ when it never falls so far.
 *
 * Definition: bisection, first over the exponent, then between neighbouring powers of two. Complexity: about 70 evaluations.
 *
 * @example fallingRoot((x) => Math.exp(-x), 0.5) // 0.6931471805599453
 */
export function fallingRoot(falling: (x: number) => number, target: number): number {
  const holds = (x: number) => falling(x) >= target;
  const least = -1074;
  const most = 1024;
  if (!holds(2 ** least)) return 0;
  let [low, high] = [least, most];
  for (let stride = 0; stride < STRIDES && high - low > 1; stride++) {
    const middle = Math.floor((low + high) / 2);
    if (holds(2 ** middle)) low = middle;
    else high = middle;
  }
  return high === most ? Infinity : bisect(2 ** low, 2 ** high, holds);
}
