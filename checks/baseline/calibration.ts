import type { Answers, EvaluationData } from '../evidence/evidence.ts';
import { fail, pass } from '../finding.ts';
import { labelledRows, scoredRows } from '../metrics/scored-rows.ts';
import { countText, numberText, pValueText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { brierDecomposition } from '../stats/brier-decomposition.ts';
import { calibrationError, type CalibrationError } from '../stats/calibration-error.ts';
import type { Sides } from './compare-all.ts';

const ALPHA = 0.05;
const SEED = 1;
/** Resampling a million rows says no more than resampling these. */
const MOST_ROWS = 50_000;
const RESAMPLES = 499;
/** Probabilities that are surely further from frequencies than this mislead whoever reads them as such. */
const MISLEADING = 0.05;

interface Calibration {
  readonly error: CalibrationError;
  readonly parts: ReturnType<typeof brierDecomposition>;
  readonly rows: number;
}

/** Whether probabilities are frequencies, beside what chance alone would show: told, and never decides. */
export function calibration({ evidence, data, candidate }: Sides, name: string): readonly Finding[] {
  const own = calibrationOf(candidate, data);
  if (own === undefined) return [];
  const { baseline } = evidence;
  const other =
    baseline.kind === 'simple' || baseline.answers.kind === 'missing'
      ? undefined
      : calibrationOf(baseline.answers.value, data);
  const { error, interval, floor, pValue } = own.error;
  const measured = {
    error,
    interval: [interval.lower, interval.upper],
    floor,
    pValue,
    ...partsOf(own),
    ...(other === undefined
      ? {}
      : { baseline: other.error.error, baselineInterval: [other.error.interval.lower, other.error.interval.upper] }),
    n: own.rows,
    method:
      'expected calibration error, bins of equal count; bootstrap interval; p by outcomes drawn from the probabilities',
  };
  const against = other === undefined ? '' : `; ${name} ${numberText(other.error.error)}`;
  const reason =
    `calibration error ${numberText(error)}, 95 % interval [${numberText(interval.lower)}, ${numberText(interval.upper)}]${against}; ` +
    `chance alone would show ${numberText(floor)} on ${countText(own.rows)} rows (p ${pValueText(pValue)})`;
  return interval.lower > MISLEADING && pValue <= ALPHA
    ? [
        fail('baseline/calibration', reason, measured, {
          advisory: true,
          next: 'Calibrate the scores (Platt or isotonic) inside of the graph, or do not read them as probabilities.',
        }),
      ]
    : [pass('baseline/calibration', reason, measured, { advisory: true })];
}

function partsOf({ parts }: Calibration) {
  const { brier, reliability, resolution, uncertainty } = parts;
  return { brier, reliability, resolution, uncertainty };
}

function calibrationOf(answers: Answers, data: EvaluationData): Calibration | undefined {
  if (answers.task !== 'binary') return undefined;
  const labelled = labelledRows(data.labels);
  // Every k-th row: rows in the order of time are then all there.
  const step = Math.ceil(labelled.length / MOST_ROWS);
  const scored = scoredRows(
    answers,
    data.labels,
    labelled.filter((_, i) => i % step === 0),
  );
  if (
    scored.kind === 'undefined' ||
    scored.rows.task !== 'binary' ||
    !scored.rows.probabilities ||
    scored.rows.rows === 0
  )
    return undefined;
  const { scores, truth, rows } = scored.rows;
  const options = { alpha: ALPHA, seed: SEED, resamples: RESAMPLES };
  return { error: calibrationError(scores, truth, options), parts: brierDecomposition(scores, truth), rows };
}
