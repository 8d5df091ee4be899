import { metrics } from '../metrics/metrics.ts';

/** 1 where more is better, −1 where less is; 1 for a metric nobody knows. */
export function improvementSign(metric: string): 1 | -1 {
  const known: Readonly<Record<string, { readonly direction: 'higher' | 'lower' }>> = metrics;
  return known[metric]?.direction === 'lower' ? -1 : 1;
}
