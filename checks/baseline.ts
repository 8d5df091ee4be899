import { baselineFigures } from './baseline/baseline-figures.ts';
import { calibration } from './baseline/calibration.ts';
import { compareAll, type Judged, type Sides } from './baseline/compare-all.ts';
import { decisions } from './baseline/decisions.ts';
import { floors } from './baseline/floors.ts';
import { inputColumns } from './baseline/input-columns.ts';
import { changeText, rowsText, shortComparison } from './baseline/metric-sentences.ts';
import { linearAnswers, trivialAnswers } from './baseline/simple-answers.ts';
import type { Check, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import { missingFinding } from './finding.ts';
import { RESAMPLES } from './metrics/metric-spread.ts';
import { improvementOf, metrics } from './metrics/metrics.ts';
import { decimalsForDifference, limitText } from './report/format.ts';
import type { Finding } from './report/report.ts';
import { worstFirst } from './report/worst-first.ts';

/**
 * Is the candidate better than, or at least not worse than, what is in production, on the same rows; and than a trivial model?
 * Non-inferiority by the paired interval of the difference; floors by the point estimate.
 */
export const baselineCheck: Check = { name: 'baseline', asks: asks(), judge };

function asks(): string {
  return 'Is it better than, or at least not worse than, what is in production, on the same rows; and than a trivial model?';
}

function judge(evidence: Evidence): Judgement {
  for (const part of [evidence.evaluation, evidence.candidate]) {
    if (part.kind === 'missing') return missingJudgement(missingFinding('baseline', 'evidence', part));
  }
  const { evaluation, candidate } = evidence;
  if (evaluation.kind === 'missing' || candidate.kind === 'missing') throw new Error('both parts were gathered above');
  const sides: Sides = { evidence, data: evaluation.value, candidate: candidate.value };
  const name = baselineName(evidence);
  const judged = againstBaseline(sides, name);
  const findings = [
    ...judged.map(({ finding }) => finding),
    ...floors(sides),
    ...decisions(sides, name),
    ...calibration(sides, name),
  ];
  return {
    findings,
    title: titleOf(findings, judged, name),
    method: methodOf(evidence, judged),
    figures: baselineFigures(sides, findings),
  };
}

function missingJudgement(finding: Finding): Judgement {
  return { findings: [finding], title: finding.reason };
}

/** `1.0.0`, or what the simple model is called. */
function baselineName({ baseline }: Evidence): string {
  return baseline.kind === 'simple' ? 'always guessing the same' : baseline.manifest.manifest.version;
}

function againstBaseline(sides: Sides, name: string): readonly Judged[] {
  const { evidence, data, candidate } = sides;
  const { baseline } = evidence;
  if (baseline.kind === 'simple') {
    return [
      ...compareAll(sides, trivialAnswers(candidate, data), { prefix: 'baseline', name, severity: () => 'blocking' }),
      ...againstLinear(sides),
    ];
  }
  if (baseline.answers.kind === 'missing')
    return [{ finding: missingFinding('baseline', 'evidence', baseline.answers) }];
  const undecided = evidence.policy.checks.undecidedBaseline === 'block' ? 'blocking' : 'advisory';
  return [
    ...compareAll(sides, baseline.answers.value, {
      prefix: 'baseline',
      name,
      severity: (verdict) => (verdict === 'inconclusive' ? undecided : 'blocking'),
    }),
    ...compareAll(sides, trivialAnswers(candidate, data), {
      prefix: 'baseline/trivial',
      name: 'always guessing the same',
      severity: onlyFails,
    }),
  ];
}

const onlyFails = (verdict: Finding['verdict']) => (verdict === 'fail' ? 'blocking' : 'advisory');

/** A model of the rows themselves is a yardstick, not a competitor: only what is surely worse than it is blocked. */
function againstLinear(sides: Sides): readonly Judged[] {
  const columns = inputColumns(sides.evidence);
  const answers = columns === undefined ? undefined : linearAnswers(sides.candidate, sides.data, columns);
  if (answers === undefined) {
    return [
      {
        finding: {
          id: 'baseline/linear',
          verdict: 'not-applicable',
          severity: 'advisory',
          reason: 'no linear model to compare with: the inputs are tensors, unknown, or the rows fewer than 50',
          measured: {},
        },
      },
    ];
  }
  const name = sides.candidate.task === 'regression' ? 'a linear (ridge) model' : 'a logistic (ridge) model';
  return compareAll(sides, answers, { prefix: 'baseline/linear', name, severity: onlyFails });
}

/** The worst blocking finding in one line, with its number. */
function titleOf(findings: readonly Finding[], judged: readonly Judged[], name: string): string {
  const [worst] = worstFirst(findings);
  if (worst === undefined) return 'nothing to judge';
  const comparison = judged.find(({ finding }) => finding === worst)?.comparison;
  const against = typeof worst.measured.against === 'string' ? worst.measured.against : name;
  if (worst.verdict === 'pass' || worst.severity === 'advisory') return passTitle(judged, name);
  if (comparison === undefined) return worst.reason;
  const { compared, judged: verdict } = comparison;
  const decimals = decimalsForDifference(compared.baseline, compared.difference);
  return worst.verdict === 'fail'
    ? `${compared.metric} is ${changeText(compared, verdict, decimals).replace(' by', ` than ${against} by`)} (limit ${limitText(verdict.margin)})`
    : `cannot say whether ${compared.metric} is worse than ${against}'s: ${shortComparison(compared)}, margin ${limitText(verdict.margin)}${rowsText(verdict)}`;
}

function passTitle(judged: readonly Judged[], name: string): string {
  const shown = judged
    .filter(({ finding }) => /^baseline\/[^/]+$/.test(finding.id))
    .flatMap(({ comparison }) => comparison ?? []);
  if (shown.length === 0) return `not judged against ${name}`;
  const better = shown.every(({ compared, judged: { interval } }) => {
    return improvementOf(compared.metric, compared.candidate, compared.baseline) > 0 && interval.lower > 0;
  });
  return `${better ? 'better' : 'not worse'} than ${name}: ${shown.map(({ compared }) => shortComparison(compared)).join(', ')}`;
}

function methodOf(evidence: Evidence, judged: readonly Judged[]): readonly string[] {
  const methods = new Map(
    judged.flatMap(({ comparison }) =>
      comparison === undefined ? [] : [[comparison.compared.metric, comparison.compared.method] as const],
    ),
  );
  const direction = [...methods.keys()].map((name) => `${name} (${metrics[name].direction} is better)`).join(', ');
  return [
    `Same rows for both models; differences are candidate minus baseline: ${direction}.`,
    ...[...methods].map(([name, method]) => `Interval of ${name}: ${method}, 95 %.`),
    'Non-inferiority: pass when the whole interval of the improvement lies above −margin, fail when it lies below, else nobody can say. p-values never decide.',
    `Bootstrap intervals are percentiles of ${RESAMPLES} seeded resamples.`,
    ...(evidence.baseline.kind === 'simple'
      ? [
          `No champion: ${evidence.baseline.why}. The simple models are the majority class or mean, and a ridge-penalised linear model of the candidate's own input columns, cross-fitted in five folds.`,
        ]
      : []),
  ];
}
