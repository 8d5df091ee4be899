import { nonInferiority } from '../baseline/non-inferiority.ts';
import type { MetricName } from '../manifest/manifest.ts';
import { compareMetric } from '../metrics/compare-metric.ts';
import { marginOf } from '../metrics/metrics.ts';
import type { ScoredRows } from '../metrics/scored-rows.ts';
import type { BlockResult, Task } from './cell.ts';
import { modelKinds } from './model-kinds.ts';
import { simulateBlock } from './simulate-block.ts';
import { ALPHA } from './simulate-columns.ts';

/** Upper ends of the buckets by which passes are told: the half-width of the interval over the margin. */
export const WIDTHS = [0.2, 0.4, 0.6, 0.8, 1] as const;
/** Beyond the last width. */
export const WIDER = 'wider';

/** One block of the baseline's verdict on two models of which neither is better, at default margins. */
export function simulateModels(task: Task): readonly BlockResult[] {
  const kind = modelKinds.find(({ name }) => name === task.kind);
  if (kind === undefined) throw new Error(`no pair of models is named ${JSON.stringify(task.kind)}`);
  return simulateBlock(
    task,
    (random) => kind.draw(task.window, random),
    (pair, method, seed) => {
      const metric = kind.metrics.find((each) => each === method);
      if (metric === undefined) throw new Error(`${task.kind} is not judged by ${method}`);
      return verdictOf(metric, pair, seed);
    },
  );
}

/** What is counted: the verdict, the bucket of the interval's width, and both together. */
function verdictOf(
  metric: MetricName,
  [candidate, champion]: readonly [ScoredRows, ScoredRows],
  seed: number,
): readonly string[] {
  const compared = compareMetric(metric, candidate, champion, { alpha: ALPHA, seed });
  if (compared.kind === 'undefined') return ['undefined'];
  const { margin } = marginOf(metric, undefined, compared.baseline);
  const { verdict, interval } = nonInferiority(compared, margin);
  const width = (interval.upper - interval.lower) / 2 / margin;
  const bucket = WIDTHS.find((end) => width < end) ?? WIDER;
  return [verdict, `width ${bucket}`, `width ${bucket} ${verdict}`];
}
