import type { Sums } from './metric.ts';

/** Share of a sum's mean by which it is moved to see how the statistic answers: small, and far above rounding. */
const NUDGE = 1e-6;

/** Each row's influence on the statistic: its gradient in the sums' means, times the row's own contribution. */
export function influencesOf(sums: Sums, rows: number): Float64Array {
  const totals = new Float64Array(sums.width);
  for (let row = 0; row < rows; row++) sums.add(row, 1, totals);
  const gradient = totals.map((total, at) => {
    const step = NUDGE * Math.max(1, Math.abs(total));
    const moved = (by: number) => sums.value(totals.map((each, i) => (i === at ? each + by : each))) ?? NaN;
    const slope = (moved(step) - moved(-step)) / (2 * step);
    return Number.isFinite(slope) ? slope : (moved(step) - moved(0)) / step;
  });
  const own = new Float64Array(sums.width);
  const influences = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    own.fill(0);
    sums.add(row, 1, own);
    // A row's share in n times the statistic's change; their mean is 0 for statistics of the sums' ratios.
    let influence = 0;
    for (let i = 0; i < own.length; i++)
      influence += (own[i] ?? 0) * (Number.isFinite(gradient[i]) ? (gradient[i] ?? 0) : 0);
    influences[row] = influence * rows;
  }
  const mean = influences.reduce((sum, each) => sum + each, 0) / rows;
  return influences.map((each) => each - mean);
}
