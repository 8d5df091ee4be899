import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Answers, Labels } from '../evidence/evidence.ts';
import type { MetricName } from '../manifest/manifest.ts';
import { momentsOf } from '../stats/moments.ts';
import tables from '../stats/oracle/tables.json' with { type: 'json' };
import oracle from './oracle/tables.json' with { type: 'json' };
import { studentTQuantile } from '../stats/student-t-quantile.ts';
import { compareMetric } from './compare-metric.ts';
import { metricOfRows, metricValue } from './metric-value.ts';
import { marginOf, metrics } from './metrics.ts';
import type { BinaryRows, RegressionRows } from './scored-rows.ts';

const binary = (scores: ArrayLike<number>, classes: readonly (string | number)[] = [0, 1]): Answers => ({
  task: 'binary',
  rows: scores.length,
  classes,
  scores: Float64Array.from(scores),
  threshold: 0.5,
  probabilities: true,
});
const classLabels = (codes: ArrayLike<number>, classes: readonly (string | number)[] = [0, 1]): Labels => ({
  kind: 'classes',
  classes,
  codes: Int32Array.from(codes),
});

/** Expected values: scikit-learn 1.9.1 (checks/stats/oracle/make_tables.py). */
describe('metrics equal scikit-learn’s', () => {
  const cases: readonly [string, Answers, Labels, Record<string, number>][] = [
    ['binary', binary(tables.binary.scores), classLabels(tables.binary.labels), tables.binary.metrics],
    [
      'multiclass',
      {
        task: 'multiclass',
        rows: tables.multiclass.labels.length,
        classes: [0, 1, 2, 3, 4],
        scores: Float64Array.from(tables.multiclass.scores),
        probabilities: true,
      },
      classLabels(tables.multiclass.labels, [0, 1, 2, 3, 4]),
      tables.multiclass.metrics,
    ],
    [
      'regression',
      {
        task: 'regression',
        rows: tables.regression.labels.length,
        scores: Float64Array.from(tables.regression.scores),
      },
      { kind: 'values', values: Float64Array.from(tables.regression.labels) },
      tables.regression.metrics,
    ],
  ];
  for (const [task, answers, labels, expected] of cases) {
    test.each(Object.entries(expected))(`${task} %s is %d`, (name, value) => {
      const found = metricValue(name as MetricName, answers, labels);
      expect(found.kind === 'value' ? found.value : found).toBeCloseTo(value, 12);
    });
  }
});

/** Expected values: scikit-learn 1.9.1 (checks/metrics/oracle/make_tables.py). */
describe('metrics of other answers equal scikit-learn’s to ten digits', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, k) => k);
  const oracleCases: readonly [string, Answers, Labels, Record<string, number>][] = [
    ...oracle.binary.map(
      (each, i) => [`binary ${i}`, binary(each.scores), classLabels(each.labels), each.metrics] as const,
    ),
    ...oracle.multiclass.map(
      (each, i) =>
        [
          `multiclass ${i}`,
          {
            task: 'multiclass',
            rows: each.labels.length,
            classes: numbers(each.classes),
            scores: Float64Array.from(each.scores),
            probabilities: true,
          },
          classLabels(each.labels, numbers(each.classes)),
          each.metrics,
        ] as const,
    ),
    ...oracle.regression.map(
      (each, i) =>
        [
          `regression ${i}`,
          { task: 'regression', rows: each.labels.length, scores: Float64Array.from(each.scores) },
          { kind: 'values', values: Float64Array.from(each.labels) },
          each.metrics,
        ] as const,
    ),
  ].map(([name, answers, labels, expected]) => [name, answers as Answers, labels as Labels, expected]);
  for (const [name, answers, labels, expected] of oracleCases) {
    test.each(Object.entries(expected))(`${name} %s is %d`, (metric, value) => {
      const found = metricValue(metric as MetricName, answers, labels);
      const relative = found.kind === 'value' ? Math.abs(found.value / value - 1) : NaN;
      expect(relative).toBeLessThan(1e-10);
    });
  }
  test('every metric has been compared', () => {
    const compared = new Set(
      [...oracleCases.map(([, , , expected]) => expected), tables.multiclass.metrics].flatMap(Object.keys),
    );
    const without = Object.keys(metrics).filter((name) => !compared.has(name));
    expect(without).toEqual(['top_5_accuracy']);
  });
});

describe('a metric that only resampling can give an error to', () => {
  const [first] = oracle.binary;
  if (first === undefined) throw new Error('no case');
  const rows = (noise: number): BinaryRows => ({
    task: 'binary',
    rows: first.labels.length,
    truth: Uint8Array.from(first.labels),
    scores: Float64Array.from(first.scores, (score, i) => score + noise * Math.sin(i)),
    threshold: 0.5,
    probabilities: false,
  });
  test('gets percentiles of the resampled difference, and a standard error of the same size', () => {
    const found = compareMetric('average_precision', rows(0), rows(0.2), { alpha: 0.05, seed: 1 });
    if (found.kind === 'undefined') throw new Error(found.reason);
    const width = ({ lower, upper }: { lower: number; upper: number }) => upper - lower;
    expect(width(found.interval) / width(found.intervalAt(0.05))).toBeGreaterThan(0.8);
    expect(width(found.interval) / width(found.intervalAt(0.05))).toBeLessThan(1.25);
    expect(found.method).toBe('paired bootstrap, 2000 resamples');
  });
  test('equals itself with certainty', () => {
    const found = compareMetric('average_precision', rows(0), rows(0), { alpha: 0.05, seed: 1 });
    expect(found).toMatchObject({ difference: 0, interval: { lower: 0, upper: 0 }, pValue: 1 });
  });
});

test('a relative error is not taken of a label that is 0', () => {
  const labels: Labels = { kind: 'values', values: Float64Array.of(0, 2) };
  const found = metricValue('mape', { task: 'regression', rows: 2, scores: Float64Array.of(1, 2) }, labels);
  expect(found).toMatchObject({ kind: 'undefined', reason: 'mape divides by the label, and in some rows it is 0' });
});

const shared = join(import.meta.dirname, '../../../shared/data');
const cases = [
  ['loans', 'defaulted', join(import.meta.dirname, '../../fixtures')],
  ['adult', 'income_gt_50k', shared],
  ['bike', 'cnt', shared],
] as const;

describe('metrics of the fixtures’ models equal their expected numbers to 1e-9', () => {
  const present = cases.filter(([set, , data]) => existsSync(join(data, set)));
  test.skipIf(!existsSync(shared))('with adult and bike among them', () => {
    expect(present.map(([set]) => set)).toEqual(['loans', 'adult', 'bike']);
  });
  for (const [set, label, data] of present) {
    const expected = JSON.parse(readFileSync(join(data, set, 'expected.json'), 'utf8'));
    const rows = readFileSync(join(data, set, 'data/evaluation.csv'), 'utf8')
      .trim()
      .split('\n');
    const column = (rows[0] ?? '').split(',').indexOf(label);
    const values = rows.slice(1).map((row) => Number(row.split(',')[column]));
    const labels: Labels =
      expected.task === 'binary' ? classLabels(values) : { kind: 'values', values: Float64Array.from(values) };
    for (const model of Object.keys(expected.models)) {
      const file = join(data, set, 'predictions', `${model}.evaluation.f32`);
      if (!existsSync(file)) continue;
      test(`${set} ${model}`, () => {
        const bytes = readFileSync(file);
        const scores = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        const answers: Answers =
          expected.task === 'binary'
            ? ({ ...binary(scores), probabilities: scores.every((s) => s >= 0 && s <= 1) } as Answers)
            : { task: 'regression', rows: scores.length, scores: Float64Array.from(scores) };
        const wanted = expected.models[model].splits.evaluation;
        let compared = 0;
        for (const name of Object.keys(metrics) as MetricName[]) {
          if (typeof wanted[name] !== 'number') continue;
          const found = metricValue(name, answers, labels);
          if (found.kind === 'undefined') continue;
          expect(Math.abs(found.value - wanted[name])).toBeLessThan(1e-9);
          compared++;
        }
        expect(compared).toBeGreaterThanOrEqual(expected.task === 'binary' ? 4 : 3);
      });
    }
  }
});

describe('what cannot be computed says why and is never a number', () => {
  test('an area under the curve of one class', () => {
    expect(metricValue('roc_auc', binary([0.1, 0.9]), classLabels([1, 1]))).toEqual({
      kind: 'undefined',
      n: 2,
      reason: 'roc_auc is not defined on these 2 rows: every row has the same label, and it compares two',
    });
  });

  test('a score that is not a number', () => {
    expect(metricValue('log_loss', binary([0.1, NaN, 0.3]), classLabels([1, 0, 1]))).toEqual({
      kind: 'undefined',
      n: 3,
      reason: '1 of 3 rows have a score that is not a finite number',
    });
  });

  test('a label that the model has no class for', () => {
    const found = metricValue('accuracy', binary([0.1, 0.2]), classLabels([0, 1], ['no', 'maybe']));
    expect(found).toMatchObject({
      kind: 'undefined',
      reason: expect.stringContaining('none of the model’s classes'.replace('’', "'")),
    });
  });

  test('a log loss of scores that are no probabilities', () => {
    const answers = { ...binary([3, -2]), probabilities: false } as Answers;
    expect(metricValue('log_loss', answers, classLabels([1, 0]))).toMatchObject({ kind: 'undefined' });
    expect(metricValue('roc_auc', answers, classLabels([1, 0]))).toMatchObject({ value: 1 });
  });

  test('a metric of another task', () => {
    expect(metricValue('mae', binary([0.1]), classLabels([1]))).toMatchObject({
      reason: 'mae is a metric of regression models, and the task is binary',
    });
  });

  test('an r2 of a constant label', () => {
    const labels: Labels = { kind: 'values', values: Float64Array.of(3, 3) };
    const found = metricValue('r2', { task: 'regression', rows: 2, scores: Float64Array.of(1, 2) }, labels);
    expect(found).toMatchObject({ kind: 'undefined' });
  });
});

test('rows without a label are left out, and n says how many counted', () => {
  const answers = binary([0.9, 0.1, 0.2]);
  expect(metricValue('accuracy', answers, classLabels([1, -1, 1]))).toEqual({ kind: 'value', value: 0.5, n: 2 });
  expect(metricValue('accuracy', answers, classLabels([1, 0, 1]), Uint32Array.of(0, 2))).toMatchObject({
    value: 0.5,
    n: 2,
  });
});

test('classes are the same when they are written the same', () => {
  expect(metricValue('accuracy', binary([0.9, 0.1], ['0', '1']), classLabels([0, 1], [1, 0]))).toMatchObject({
    value: 1,
  });
});

test('a score of exactly 0 for the true class costs −ln 2⁻⁵², not infinity', () => {
  const found = metricValue('log_loss', binary([0]), classLabels([1]));
  expect(found.kind === 'value' ? found.value : NaN).toBeCloseTo(52 * Math.LN2, 12);
});

test('default margins are those of the manifest’s contract', () => {
  expect(marginOf('roc_auc', undefined, 0.8)).toEqual({ margin: 0.005, cohortMargin: 0.02 });
  expect(marginOf('log_loss', undefined, 0.4)).toEqual({ margin: 0.01, cohortMargin: 0.04 });
  expect(marginOf('macro_f1', undefined, 0.4)).toEqual({ margin: 0.01, cohortMargin: 0.04 });
  expect(marginOf('mae', undefined, 50)).toEqual({ margin: 1, cohortMargin: 4 });
  expect(marginOf('rmse', { margin: 2 }, 50)).toEqual({ margin: 2, cohortMargin: 8 });
});

describe('comparisons', () => {
  const rows = (scores: readonly number[]): BinaryRows => ({
    task: 'binary',
    rows: scores.length,
    truth: Uint8Array.from(tables.binary.labels),
    scores: Float64Array.from(scores),
    threshold: 0.5,
    probabilities: true,
  });
  const a = rows(tables.binary.scores);
  const b = rows(tables.binary.other);

  test.each(['roc_auc', 'log_loss', 'accuracy', 'f1', 'macro_f1', 'precision', 'recall', 'brier'] as const)(
    'the interval of %s holds the difference and resembles the linearised one',
    (name) => {
      const found = compareMetric(name, a, b, { alpha: 0.05, seed: 1 });
      if (found.kind === 'undefined') throw new Error(found.reason);
      const linear = found.intervalAt(0.05);
      expect(found.interval.lower).toBeLessThan(found.difference);
      expect(found.interval.upper).toBeGreaterThan(found.difference);
      const ratio = (found.interval.upper - found.interval.lower) / (linear.upper - linear.lower);
      expect(ratio).toBeGreaterThan(0.75);
      expect(ratio).toBeLessThan(1.25);
    },
  );

  test('a mean’s linearised interval is the paired t interval', () => {
    const found = compareMetric('brier', a, b, { alpha: 0.05, seed: 1 });
    if (found.kind === 'undefined') throw new Error(found.reason);
    const differences = a.scores.map(
      (s, i) => (s - (a.truth[i] ?? 0)) ** 2 - ((b.scores[i] ?? 0) - (b.truth[i] ?? 0)) ** 2,
    );
    const { mean, variance, count } = momentsOf(differences);
    const half = studentTQuantile(0.975, count - 1) * Math.sqrt(variance / count);
    expect(found.intervalAt(0.05).lower).toBeCloseTo(mean - half, 12);
    expect(found.intervalAt(0.05).upper).toBeCloseTo(mean + half, 12);
  });

  test('two equal models differ by exactly nothing, with certainty', () => {
    for (const name of ['roc_auc', 'log_loss', 'f1'] as const) {
      const found = compareMetric(name, a, a, { alpha: 0.05, seed: 1 });
      expect(found).toMatchObject({ difference: 0, interval: { lower: 0, upper: 0 }, pValue: 1 });
    }
  });

  test('the same seed gives the same interval', () => {
    const once = compareMetric('f1', a, b, { alpha: 0.05, seed: 3 });
    const again = compareMetric('f1', a, b, { alpha: 0.05, seed: 3 });
    expect(JSON.stringify(once)).toBe(JSON.stringify(again));
  });

  test('rows of one key widen the interval: the same row five times under one key says no more than once', () => {
    const five = (values: ArrayLike<number>) => Float64Array.from(Array.from(values).flatMap((v) => [v, v, v, v, v]));
    const regression = (scores: Float64Array): RegressionRows => ({
      task: 'regression',
      rows: scores.length,
      truth: five(tables.regression.labels),
      scores,
    });
    const worse = five(tables.regression.scores.map((s, i) => s + 5 * Math.sin(i)));
    const groups = Int32Array.from({ length: worse.length }, (_, i) => Math.floor(i / 5));
    for (const name of ['mae', 'rmse', 'r2'] as const) {
      const pair = [regression(worse), regression(five(tables.regression.scores))] as const;
      const loose = compareMetric(name, ...pair, { alpha: 0.05, seed: 1 });
      const keyed = compareMetric(name, ...pair, { alpha: 0.05, seed: 1, groups });
      if (loose.kind === 'undefined' || keyed.kind === 'undefined') throw new Error('not compared');
      const width = (interval: { lower: number; upper: number }) => interval.upper - interval.lower;
      expect(width(keyed.interval) / width(loose.interval)).toBeGreaterThan(1.8);
      expect(keyed.method).toContain('rows of one key together');
    }
  });

  test('a metric that is undefined for one side is not compared', () => {
    const never = { ...b, scores: new Float64Array(b.rows) };
    expect(metricOfRows('precision', never)).toMatchObject({ kind: 'undefined' });
    expect(compareMetric('precision', a, never, { alpha: 0.05, seed: 1 })).toMatchObject({
      kind: 'undefined',
      reason: expect.stringMatching(/^baseline: /),
    });
  });
});
