import { expect, test } from 'vitest';
import type { EvaluationData } from '../evidence/evidence.ts';
import { MOST_POINTS } from '../report/figure.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { baselineFigures } from './baseline-figures.ts';
import { sampleEvidence } from './sample-evidence.ts';

const ROWS = 5000;
const random = seededRandom(3);
const scores = Float64Array.from({ length: ROWS }, () => random.uniform());
const codes = Int32Array.from(scores, (p) => (random.uniform() < p ? 1 : 0));
const data: EvaluationData = {
  table: { rows: ROWS, columns: new Map() },
  labels: { kind: 'classes', classes: [0, 1], codes },
};
const candidate = { task: 'binary', rows: ROWS, classes: [0, 1], scores, threshold: 0.5, probabilities: true } as const;

test('two models of classes are drawn as curves of at most 200 points, and as calibration', () => {
  const evidence = sampleEvidence({ data, candidate, champion: candidate });
  const figures = baselineFigures({ evidence, data, candidate }, []);
  expect(figures.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'curve roc',
    'curve precision-recall',
    'reliability calibration',
  ]);
  const points = figures.flatMap((figure) => (figure.kind === 'curve' ? figure.lines.map(({ x }) => x.length) : []));
  expect(points).toHaveLength(4);
  expect(Math.max(...points)).toBeLessThanOrEqual(MOST_POINTS);
});

test('scores that are no probabilities have no calibration', () => {
  const raw = { ...candidate, probabilities: false };
  const figures = baselineFigures({ evidence: sampleEvidence({ data, candidate: raw }), data, candidate: raw }, []);
  expect(figures.map(({ id }) => id)).toEqual(['roc', 'precision-recall']);
});

test('values are drawn as the mean of what came by what was predicted', () => {
  const values = Float64Array.from(scores, (score) => 100 * score);
  const valued: EvaluationData = { table: data.table, labels: { kind: 'values', values } };
  const answers = { task: 'regression', rows: ROWS, scores: values } as const;
  const [figure] = baselineFigures(
    { evidence: sampleEvidence({ data: valued, candidate: answers }), data: valued, candidate: answers },
    [],
  );
  const bins = figure?.kind === 'reliability' ? figure.lines.flatMap((line) => line.bins) : [];
  expect(bins).toHaveLength(10);
  for (const { predicted, observed } of bins) expect(observed).toBeCloseTo(predicted, 10);
});
