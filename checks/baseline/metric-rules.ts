import type { Answers } from '../evidence/evidence.ts';
import type { Manifest, MetricRule } from '../manifest/manifest.ts';
import { defaultMetrics } from '../manifest/metric-defaults.ts';

/** A metric to judge with where its rule stands in the manifest. */
export interface PlacedRule {
  readonly rule: MetricRule;
  readonly pointer: string;
}

/** The manifest's metrics; the task's default ones when it names none. */
export function metricRules(manifest: Manifest, task: Answers['task']): readonly PlacedRule[] {
  const { metrics } = manifest.evaluation;
  if (metrics.length > 0) return metrics.map((rule, i) => ({ rule, pointer: `/evaluation/metrics/${i}` }));
  return defaultMetrics[task].map((name) => ({ rule: { name }, pointer: '/evaluation/metrics' }));
}
