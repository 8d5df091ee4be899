import { metrics } from '../metrics/metrics.ts';

/** 1 where more is better, −1 where less is; 1 for a metric nobody knows. */
export function improvementSign(metric: string): 1 | -1 {
  const known = Object.values(metrics).find(({ name }) => name === metric);
  return known?.direction === 'lower' ? -1 : 1;
}
