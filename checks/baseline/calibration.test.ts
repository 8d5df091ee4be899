import { describe, expect, test } from 'vitest';
import type { EvaluationData } from '../evidence/evidence.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { calibration } from './calibration.ts';
import { sampleEvidence } from './sample-evidence.ts';

const ROWS = 1500;
const random = seededRandom(2);
const truthful = Float64Array.from({ length: ROWS }, () => random.uniform());
const codes = Int32Array.from(truthful, (p) => (random.uniform() < p ? 1 : 0));
const data: EvaluationData = {
  table: { rows: ROWS, columns: new Map() },
  labels: { kind: 'classes', classes: [0, 1], codes },
};
const answers = (scores: Float64Array, probabilities = true) =>
  ({ task: 'binary', rows: ROWS, classes: [0, 1], scores, threshold: 0.5, probabilities }) as const;

describe('baseline/calibration', () => {
  const told = (candidate: ReturnType<typeof answers>, champion?: ReturnType<typeof answers>) =>
    calibration(
      {
        evidence: sampleEvidence({ data, candidate, ...(champion === undefined ? {} : { champion }) }),
        data,
        candidate,
      },
      '1.0.0',
    );

  test('tells probabilities that are frequencies with what chance alone would show', () => {
    const [finding] = told(answers(truthful));
    expect(finding).toMatchObject({ verdict: 'pass', severity: 'advisory', measured: { n: ROWS } });
    const { error, floor, brier, reliability, resolution, uncertainty } = finding?.measured ?? {};
    expect(Number(error) / Number(floor)).toBeLessThan(2);
    expect(Number(brier)).toBeCloseTo(Number(reliability) - Number(resolution) + Number(uncertainty), 2);
  });

  test('advises against reading scores as probabilities that surely are none, and blocks nothing', () => {
    const sure = truthful.map((p) => (p > 0.5 ? 0.99 : 0.01));
    expect(told(answers(sure), answers(truthful))).toMatchObject([
      {
        verdict: 'fail',
        severity: 'advisory',
        reason: expect.stringContaining('; 1.0.0 0.0'),
        next: expect.stringContaining('Calibrate'),
      },
    ]);
  });

  test('says nothing of scores that are no probabilities', () => {
    expect(
      told(
        answers(
          truthful.map((p) => 4 * p),
          false,
        ),
      ),
    ).toEqual([]);
  });
});
