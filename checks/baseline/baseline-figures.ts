import type { Answers, EvaluationData } from '../evidence/evidence.ts';
import { averagePrecision, precisionRecallCurve, rocCurve, thinned } from '../metrics/score-curves.ts';
import {
  type BinaryRows,
  labelledRows,
  type RegressionRows,
  type ScoredRows,
  scoredRows,
} from '../metrics/scored-rows.ts';
import { comparisonFigures } from '../report/comparison-figures.ts';
import {
  type CurveFigure,
  type Figure,
  type FigureSide,
  MOST_POINTS,
  type ReliabilityFigure,
} from '../report/figure.ts';
import { numberText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { binnedRows, RELIABILITY_BINS, reliabilityBins } from '../stats/reliability-bins.ts';
import { rocAuc } from '../stats/roc-auc.ts';
import type { Sides } from './compare-all.ts';

/** One model's answers with the truth beside them. */
interface Scored<R extends ScoredRows> {
  readonly side: FigureSide;
  readonly label: string;
  readonly rows: R;
}

/** What a reader should see of both models: metrics against their margins, curves over the threshold, calibration. */
export function baselineFigures({ evidence, data, candidate }: Sides, findings: readonly Finding[]): readonly Figure[] {
  const { baseline } = evidence;
  const champion =
    baseline.kind === 'simple' || baseline.answers.kind === 'missing'
      ? []
      : [{ side: 'champion' as const, answers: baseline.answers.value }];
  const scored = [{ side: 'candidate' as const, answers: candidate }, ...champion].flatMap(
    ({ side, answers }): Scored<ScoredRows>[] => {
      const rows = rowsOf(answers, data);
      return rows === undefined ? [] : [{ side, label: side, rows }];
    },
  );
  return [
    ...comparisonFigures(findings),
    ...curveFigures(scored.filter(isBinary)),
    ...valueFigures(scored.filter(isValued), evidence.proposal.manifest.evaluation.label),
  ];
}

function rowsOf(answers: Answers, data: EvaluationData): ScoredRows | undefined {
  const scored = scoredRows(answers, data.labels, labelledRows(data.labels));
  return scored.kind === 'scored' && scored.rows.rows > 0 ? scored.rows : undefined;
}

const isBinary = (each: Scored<ScoredRows>): each is Scored<BinaryRows> => each.rows.task === 'binary';
const isValued = (each: Scored<ScoredRows>): each is Scored<RegressionRows> => each.rows.task === 'regression';

function curveFigures(scored: readonly Scored<BinaryRows>[]): readonly Figure[] {
  const note = plural(scored[0]?.rows.rows ?? 0, 'row');
  const probable = scored.filter(({ rows }) => rows.probabilities);
  return [
    ...curveFigure('roc', 'Areas under the ROC', scored, note),
    ...curveFigure('precision-recall', 'Average precision', scored, note),
    ...(probable.length === 0 ? [] : [reliabilityFigure(probable)]),
  ];
}

function curveFigure(
  curve: CurveFigure['curve'],
  says: string,
  scored: readonly Scored<BinaryRows>[],
  note: string,
): readonly CurveFigure[] {
  const lines = scored.flatMap(({ side, label, rows: { scores, truth } }) => {
    const whole = curve === 'roc' ? rocCurve(scores, truth) : precisionRecallCurve(scores, truth);
    const area = curve === 'roc' ? rocAuc(scores, truth) : whole === undefined ? undefined : averagePrecision(whole);
    return whole === undefined || area === undefined
      ? []
      : [{ side, label, ...rounded(thinned(whole, MOST_POINTS)), area }];
  });
  if (lines.length === 0) return [];
  const areas = lines.map(({ label, area }) => `${label} ${numberText(area, 3)}`).join(', ');
  return [{ kind: 'curve', id: curve, curve, says: `${says}: ${areas}.`, note, lines }];
}

/** A hundred thousandth is far less than a pixel, and a third of the report's length. */
const rounded = ({ x, y }: { readonly x: readonly number[]; readonly y: readonly number[] }) => ({
  x: x.map((value) => Number(value.toFixed(5))),
  y: y.map((value) => Number(value.toFixed(5))),
});

function reliabilityFigure(scored: readonly Scored<BinaryRows>[]): ReliabilityFigure {
  const lines = scored.map(({ side, label, rows: { scores, truth } }) => ({
    side,
    label,
    bins: reliabilityBins(scores, truth).map(({ rows, predicted, observed, interval }) => ({
      predicted,
      observed,
      interval: [interval.lower, interval.upper] as const,
      rows,
    })),
  }));
  return {
    kind: 'reliability',
    id: 'calibration',
    says: `How often scores come true: ${lines.map(({ label, bins }) => `${label} is off by at most ${numberText(worstOf(bins), 3)}`).join(', ')}.`,
    note: `bins of equal count; bars 95 % (Wilson)`,
    lines,
  };
}

/** The furthest that a bin lies from what was said of it. */
const worstOf = (bins: readonly { readonly predicted: number; readonly observed: number }[]): number =>
  Math.max(0, ...bins.map(({ predicted, observed }) => Math.abs(predicted - observed)));

/** Of values: the mean of what came, by bins of what was predicted. */
function valueFigures(scored: readonly Scored<RegressionRows>[], label: string): readonly ReliabilityFigure[] {
  if (scored.length === 0) return [];
  const lines = scored.map((each) => ({ side: each.side, label: each.label, bins: valueBins(each.rows) }));
  return [
    {
      kind: 'reliability',
      id: 'calibration',
      title: `Mean ${label} by what was predicted`,
      says: `What came against what was predicted, in bins of equal count: ${lines.map(({ label: whose, bins }) => `${whose} is off by at most ${numberText(worstOf(bins), 1)}`).join(', ')}.`,
      note: 'bins of equal count; bars 95 % of the mean',
      of: label,
      lines,
    },
  ];
}

function valueBins({ scores, truth }: RegressionRows): ReliabilityFigure['lines'][number]['bins'] {
  return binnedRows(scores, RELIABILITY_BINS).map((rows) => {
    const n = rows.length;
    let [predicted, observed] = [0, 0];
    for (const row of rows) {
      predicted += (scores[row] ?? 0) / n;
      observed += (truth[row] ?? 0) / n;
    }
    let squares = 0;
    for (const row of rows) squares += ((truth[row] ?? 0) - observed) ** 2;
    const half = n < 2 ? 0 : -normalQuantile(0.025) * Math.sqrt(squares / (n - 1) / n);
    return { predicted, observed, interval: [observed - half, observed + half], rows: n };
  });
}
