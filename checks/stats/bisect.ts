/** Enough halvings to bring any double interval of ordinary size down to neighbouring doubles. */
const HALVINGS = 100;

/**
 * The point between `inside` and `outside` where a predicate turns from true to false, to machine precision.
 *
 * Definition: bisection; returns the last point known to be inside, so that a bound never claims more than was found true.
 * `holds(inside)` must be true; it need not be evaluated at `outside`. Complexity: at most 100 evaluations.
 *
 * @example bisect(0, 2, (x) => x * x <= 2) // 1.414213562373095
 */
export function bisect(inside: number, outside: number, holds: (x: number) => boolean): number {
  let [near, far] = [inside, outside];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = near + (far - near) / 2;
    if (middle === near || middle === far) break;
    if (holds(middle)) near = middle;
    else far = middle;
  }
  return near;
}
