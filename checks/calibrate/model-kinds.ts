import type { MetricName } from '../manifest/manifest.ts';
import { defaultMetrics } from '../manifest/metric-defaults.ts';
import type { ScoredRows } from '../metrics/scored-rows.ts';
import type { SeededRandom } from '../stats/seeded-random.ts';

/**
 * Two trainings of one specification: what both learnt, and noise of each one's own. Nothing tells candidate from champion but their order,
 * so that neither is better.
 */
export interface ModelKind {
  readonly name: string;
  readonly says: string;
  readonly metrics: readonly MetricName[];
  draw(rows: number, random: SeededRandom): readonly [candidate: ScoredRows, champion: ScoredRows];
}

/** Standard deviation of what a training adds of its own, beside a signal of 1: nearly the same, and clearly different. */
const NEAR = 0.05;
const APART = 0.3;
/** How far a class's scores reach: an area under the curve of about 0.85. */
const SLOPE = 2;
const CLASSES = 4;
/** Share of the outcome's standard deviation that no model knows. */
const UNKNOWN = 0.5;
/** Rows of the positive class lie above. */
const BASE = -1;

export const modelKinds: readonly ModelKind[] = [
  binary('binary, near', NEAR),
  binary('binary, apart', APART),
  multiclass('multiclass, near', NEAR),
  multiclass('multiclass, apart', APART),
  regression('regression, near', NEAR),
  regression('regression, apart', APART),
];

function binary(name: string, noise: number): ModelKind {
  return {
    name,
    says: `a third of the rows positive, noise ${noise} on the log odds' scale`,
    metrics: [...defaultMetrics.binary, 'accuracy'],
    draw: (rows, random) => {
      const truth = new Uint8Array(rows);
      const scores = [new Float64Array(rows), new Float64Array(rows)] as const;
      for (let row = 0; row < rows; row++) {
        const signal = random.normal();
        truth[row] = random.uniform() < logistic(BASE + SLOPE * signal) ? 1 : 0;
        for (const of of scores) of[row] = logistic(BASE + SLOPE * (signal + noise * random.normal()));
      }
      const side = (of: Float64Array): ScoredRows => ({
        task: 'binary',
        rows,
        truth,
        scores: of,
        threshold: 0.5,
        probabilities: true,
      });
      return [side(scores[0]), side(scores[1])];
    },
  };
}

function multiclass(name: string, noise: number): ModelKind {
  return {
    name,
    says: `${CLASSES} classes, noise ${noise} on each class's logit`,
    metrics: [...defaultMetrics.multiclass, 'accuracy'],
    draw: (rows, random) => {
      const truth = new Int32Array(rows);
      const scores = [new Float64Array(rows * CLASSES), new Float64Array(rows * CLASSES)] as const;
      const decisions = [new Int32Array(rows), new Int32Array(rows)] as const;
      for (let row = 0; row < rows; row++) {
        const logits = Array.from({ length: CLASSES }, () => SLOPE * random.normal());
        truth[row] = drawnClass(softmax(logits), random.uniform());
        scores.forEach((of, model) => {
          const shares = softmax(logits.map((logit) => logit + SLOPE * noise * random.normal()));
          of.set(shares, row * CLASSES);
          (decisions[model] ?? decisions[0])[row] = shares.indexOf(Math.max(...shares));
        });
      }
      const side = (model: 0 | 1): ScoredRows => ({
        task: 'multiclass',
        rows,
        truth,
        classes: CLASSES,
        scores: scores[model],
        decisions: decisions[model],
        probabilities: true,
      });
      return [side(0), side(1)];
    },
  };
}

function regression(name: string, noise: number): ModelKind {
  return {
    name,
    says: `a number of which a fifth of the variance is known to nobody, noise ${noise}`,
    metrics: [...defaultMetrics.regression, 'r2'],
    draw: (rows, random) => {
      const truth = new Float64Array(rows);
      const scores = [new Float64Array(rows), new Float64Array(rows)] as const;
      for (let row = 0; row < rows; row++) {
        const signal = random.normal();
        truth[row] = signal + UNKNOWN * random.normal();
        for (const of of scores) of[row] = signal + noise * random.normal();
      }
      const side = (of: Float64Array): ScoredRows => ({ task: 'regression', rows, truth, scores: of });
      return [side(scores[0]), side(scores[1])];
    },
  };
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softmax(logits: readonly number[]): readonly number[] {
  const weights = logits.map((logit) => Math.exp(logit));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function drawnClass(shares: readonly number[], uniform: number): number {
  let rest = uniform;
  const found = shares.findIndex((share) => (rest -= share) < 0);
  return found < 0 ? shares.length - 1 : found;
}
