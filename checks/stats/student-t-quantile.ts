import { bisect } from './bisect.ts';
import { normalQuantile } from './normal-quantile.ts';
import { studentTUpper } from './student-t-upper.ts';

/**
 * The t below which Student's t with `df` degrees of freedom falls with probability p.
 *
 * Definition: bisection on `studentTUpper`, between the normal quantile, which is nearer to 0, and a doubled bound; the lower
 * half by symmetry. Complexity: about 60 evaluations.
 *
 * @example studentTQuantile(0.975, 10) // 2.2281388519649385
 */
export function studentTQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentTQuantile(1 - p, df);
  const tail = 1 - p;
  const start = normalQuantile(p) * (1 - Number.EPSILON * 64);
  let far = Math.max(1, start) * 2;
  while (studentTUpper(far, df) > tail) far *= 2;
  return bisect(start, far, (t) => studentTUpper(t, df) >= tail);
}
