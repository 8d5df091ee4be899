import { metricRules } from '../baseline/metric-rules.ts';
import { compareAnswers } from '../evidence/compare-answers.ts';
import type { Answers, EvaluationData, Evidence } from '../evidence/evidence.ts';
import type { RetrainedEvidence } from '../evidence/retrained-evidence.ts';
import { fail, inconclusive, missingFinding, notApplicable, pass } from '../finding.ts';
import type { MetricRule } from '../manifest/manifest.ts';
import { compareMetric } from '../metrics/compare-metric.ts';
import { metricOfRows } from '../metrics/metric-value.ts';
import { marginOf } from '../metrics/metrics.ts';
import { groupsOf, labelledRows, scoredRows } from '../metrics/scored-rows.ts';
import {
  countText,
  decimalsForDifference,
  intervalText,
  limitText,
  percentText,
  plural,
  signedText,
} from '../report/format.ts';
import type { Finding } from '../report/report.ts';

const ID = 'reproducibility/retraining';
const ALPHA = 0.05;
const SEED = 1;

/**
 * Does the training that the manifest pins give this model again? The same bytes, or the same answers within the tolerance, pass; anything else is
 * another model, and fails, however good it is: what was reviewed is then not what the specification gives. How good it is, is told.
 */
export function retrainingFindings(evidence: Evidence): readonly Finding[] {
  const { retrained, evaluation, candidate } = evidence;
  if (retrained === undefined) return [notAsked(evidence)];
  if (retrained.kind === 'missing') return [missingFinding('reproducibility', 'retraining', retrained)];
  if (evaluation.kind === 'missing') return [missingFinding('reproducibility', 'retraining', evaluation)];
  if (candidate.kind === 'missing') return [missingFinding('reproducibility', 'retraining', candidate)];
  return judged(evidence, retrained.value, candidate.value, evaluation.value);
}

function notAsked({ proposal }: Evidence): Finding {
  const { training } = proposal.manifest.reproducibility;
  const at = proposal.place('/reproducibility/training/retrain');
  if (training === undefined)
    return notApplicable(ID, 'the manifest does not say how it was trained (reproducibility.training)');
  if (training.retrain === 'never')
    return notApplicable(ID, 'the manifest says that it is not trained again (retrain: never)');
  if (training.retrain === 'on-demand')
    return notApplicable(ID, 'it was not trained again: /retrain asks for it, as does slipway check --retrained FILE');
  return inconclusive(
    ID,
    'it has to be trained again (retrain: always), and no second training was handed over',
    {},
    {
      at,
      next: 'Have the repository’s workflow run reproducibility.training.command (/retrain), or hand its result over: slipway check --retrained FILE.',
    },
  );
}

function judged(
  evidence: Evidence,
  { label, digest, answers }: RetrainedEvidence,
  candidate: Answers,
  data: EvaluationData,
): readonly Finding[] {
  const { proposal, repeats } = evidence;
  const { tolerance } = proposal.manifest.reproducibility;
  const declared = `sha256:${proposal.manifest.artifact.sha256}`;
  const head = { source: label, digest, declared, rows: candidate.rows, tolerance: { ...tolerance } };
  if (digest === declared)
    return [pass(ID, `trained again (${label}), it is the same file, byte for byte`, { ...head, sameBytes: true })];
  const { bitEqual, maxAbsolute, maxRelative, beyondTolerance, flips } = compareAnswers(candidate, answers, tolerance);
  const measured = {
    ...head,
    sameBytes: false,
    bitEqual,
    maxAbsolute,
    maxRelative,
    beyondTolerance,
    flips,
    flipShare: flips / candidate.rows,
  };
  if (beyondTolerance === 0)
    return [
      pass(
        ID,
        `trained again (${label}), it is another file that gives the same ${plural(candidate.rows, 'answer')} ${bitEqual ? 'bit for bit' : `within the tolerance, at most ${maxAbsolute.toPrecision(2)} apart`}`,
        measured,
      ),
    ];
  const restless =
    repeats.kind === 'gathered' &&
    repeats.value.some(({ condition, beyondTolerance: beyond }) => condition === 'same session' && beyond > 0);
  if (restless)
    return [
      inconclusive(
        ID,
        'whether training gives it again cannot be told: the model does not even give its own answers again (see reproducibility/same-session)',
        measured,
        { advisory: true },
      ),
    ];
  const scores = candidate.scores.length;
  return [
    fail(
      ID,
      `trained again (${label}), it is another model: ${countText(beyondTolerance)} of ${plural(scores, 'score')} differ beyond the tolerance, at most by ${maxAbsolute.toPrecision(3)}${flipsText(candidate, flips)}`,
      measured,
      {
        at: proposal.place('/reproducibility/training'),
        next: `Fix what is drawn or ordered at random in training (seed, threads, order of rows, library versions) until two trainings agree. ${'Where the metrics below are the same within their margins and that is enough, have it waived'}: /waive ${ID} until DATE because ….`,
      },
    ),
    ...metricFindings(evidence, answers, candidate, data),
  ];
}

function flipsText({ task, rows }: Answers, flips: number): string {
  return task === 'regression'
    ? ''
    : `; ${plural(flips, 'decision')} of ${countText(rows)} change (${percentText(flips / rows, 2)})`;
}

/** Whether the other model is as good: told, for whoever is asked to waive. */
function metricFindings(
  { proposal }: Evidence,
  retrained: Answers,
  candidate: Answers,
  data: EvaluationData,
): readonly Finding[] {
  const rows = labelledRows(data.labels);
  const [again, first] = [scoredRows(retrained, data.labels, rows), scoredRows(candidate, data.labels, rows)];
  if (again.kind === 'undefined' || first.kind === 'undefined') return [];
  const groups = groupsOf(data, rows);
  return metricRules(proposal.manifest, candidate.task).map(({ rule }) => {
    const compared = compareMetric(rule.name, again.rows, first.rows, {
      alpha: ALPHA,
      seed: SEED,
      ...(groups === undefined ? {} : { groups }),
    });
    const value = metricOfRows(rule.name, first.rows);
    return compared.kind === 'undefined'
      ? inconclusive(
          `${ID}/${rule.name}`,
          `${rule.name} cannot be compared: ${compared.reason}`,
          {},
          { advisory: true },
        )
      : metricFinding(rule, compared, value.kind === 'value' ? value.value : 0);
  });
}

/** Equivalence: both sides count, since neither training is the better one to compare with. */
function metricFinding(
  rule: MetricRule,
  compared: Extract<ReturnType<typeof compareMetric>, { kind: 'compared' }>,
  value: number,
): Finding {
  const { margin } = marginOf(rule.name, rule, value);
  const { difference, interval, candidate: retrained, baseline: artifact, standardError, pValue, n, method } = compared;
  const { lower, upper } = interval;
  const id = `${ID}/${rule.name}`;
  const decimals = decimalsForDifference(artifact, difference);
  const told = `${rule.name} ${signedText(difference, decimals)} ${intervalText(interval, decimals)}, margin ${limitText(margin)}`;
  const measured = {
    metric: rule.name,
    retrained,
    artifact,
    difference,
    interval: [lower, upper],
    margin,
    standardError,
    pValue,
    n,
    method,
  };
  if (lower > -margin && upper < margin)
    return pass(id, `as good, trained again, within the margin: ${told}`, measured);
  return upper < -margin || lower > margin
    ? fail(id, `not as good or bad, trained again: ${told}`, measured, {
        advisory: true,
        next: 'Two trainings of one specification differ by more than the margin: a comparison with the baseline says little until they do not.',
      })
    : inconclusive(id, `cannot say whether it is as good, trained again: ${told}`, measured, {
        advisory: true,
        next: 'Evaluate on more rows.',
      });
}
