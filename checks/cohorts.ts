import { metricRules } from './baseline/metric-rules.ts';
import { trivialAnswers } from './baseline/simple-answers.ts';
import type { Check, Judgement } from './check.ts';
import { type Cohort, cohortRules, cohortsOfColumn, intersectionsOf } from './cohorts/cohort.ts';
import { densityFinding } from './cohorts/cohort-density.ts';
import { cohortFigures } from './cohorts/cohort-figures.ts';
import { gapFindings } from './cohorts/gaps.ts';
import { FEWEST_OF_CLASS, FEWEST_ROWS, judgeCohort, rarerOf } from './cohorts/judge-cohort.ts';
import { sliceFindings } from './cohorts/slice-findings.ts';
import type { Answers, EvaluationData, Evidence } from './evidence/evidence.ts';
import { inconclusive, missingFinding, notApplicable } from './finding.ts';
import type { MetricRule } from './manifest/manifest.ts';
import { type Compared, compareMetric } from './metrics/compare-metric.ts';
import { metricOfRows } from './metrics/metric-value.ts';
import { marginOf } from './metrics/metrics.ts';
import { groupsOf, labelledRows, pickedRows, type ScoredRows, scoredRows } from './metrics/scored-rows.ts';
import { countText, decimalsForDifference, limitText, numberText, plural } from './report/format.ts';
import { improvementSign } from './report/improvement-sign.ts';
import { comparisonOf } from './report/measured.ts';
import type { Finding } from './report/report.ts';
import { worstFirst } from './report/worst-first.ts';

const ALPHA = 0.05;
const SEED = 1;

/** Is any cohort worse off than under the baseline? Metrics by cohort and intersections, paired, with intervals; a better average is no excuse. */
export const cohortsCheck: Check = {
  name: 'cohorts',
  asks: 'Is any cohort, or intersection of cohorts, worse off than under the baseline; and do the cohorts differ by more than is allowed?',
  judge,
};

function judge(evidence: Evidence): Judgement {
  const rules = cohortRules(evidence.proposal.manifest);
  if (rules.length === 0 && evidence.baseline.kind === 'simple') return alone(noneDeclared());
  const { evaluation, candidate } = evidence;
  if (evaluation.kind === 'missing') return alone(missingFinding('cohorts', 'evidence', evaluation));
  if (candidate.kind === 'missing') return alone(missingFinding('cohorts', 'evidence', candidate));
  const champion = championAnswers(evidence, evaluation.value, candidate.value);
  if (champion.kind === 'missing') return alone(missingFinding('cohorts', 'evidence', champion));
  const rows = labelledRows(evaluation.value.labels);
  const a = scoredRows(candidate.value, evaluation.value.labels, rows);
  const b = scoredRows(champion.value, evaluation.value.labels, rows);
  if (a.kind === 'undefined') return alone(inconclusive('cohorts/evidence', `candidate: ${a.reason}`, {}));
  if (b.kind === 'undefined') return alone(inconclusive('cohorts/evidence', `baseline: ${b.reason}`, {}));
  return judgeRows({ evidence, data: evaluation.value, rows, candidate: a.rows, champion: b.rows });
}

function noneDeclared(): Finding {
  return notApplicable('cohorts/declared', 'the manifest declares no cohorts and no protected columns');
}

function alone(finding: Finding): Judgement {
  return { findings: [finding], title: finding.reason };
}

/** The champion's answers; before there is a champion, those of always guessing the same. */
function championAnswers({ baseline }: Evidence, data: EvaluationData, candidate: Answers) {
  if (baseline.kind !== 'simple') return baseline.answers;
  return { kind: 'gathered', value: trivialAnswers(candidate, data) } as const;
}

interface Sides {
  readonly evidence: Evidence;
  readonly data: EvaluationData;
  /** Row numbers in the table; the scored rows stand in the same order. */
  readonly rows: Uint32Array;
  readonly candidate: ScoredRows;
  readonly champion: ScoredRows;
}

function judgeRows(sides: Sides): Judgement {
  const { evidence, data, rows, candidate } = sides;
  const { proposal, policy } = evidence;
  const rules = cohortRules(proposal.manifest);
  const columns = rules.flatMap((rule) => {
    const cohorts = cohortsOfColumn(data.table, rule, rows);
    return cohorts === undefined ? [] : [{ column: rule.column, cohorts }];
  });
  const absent = rules.filter(({ column }) => !columns.some((found) => found.column === column));
  const singles = columns.flatMap(({ cohorts }) => cohorts);
  const cohorts = [...singles, ...intersectionsOf(singles)];
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]));
  const judged = metricRules(proposal.manifest, candidate.task).flatMap(({ rule, pointer }) =>
    judgeMetric(sides, rule, proposal.place(pointer), cohorts, placeOf),
  );
  const gaps = gapFindings(proposal, candidate.task, candidate, placeOf, columns, policy.checks.undecidedCohorts);
  const findings = [
    ...judged,
    ...gaps,
    ...absent.map(({ column, declared }) => absentFinding(sides, column, declared)),
    ...(rules.length === 0 ? [noneDeclared()] : []),
    ...sliceFindings(sides),
    ...columns.map(({ column, cohorts: own }) => densityFinding(column, own, candidate, placeOf)),
  ];
  const figures = cohortFigures(judged, cohorts, sides, placeOf);
  return { findings, title: titleOf(findings), method: methodOf(evidence, cohorts), figures };
}

function judgeMetric(
  sides: Sides,
  rule: MetricRule,
  at: Finding['at'],
  cohorts: readonly Cohort[],
  placeOf: ReadonlyMap<number, number>,
): readonly Finding[] {
  const { evidence, champion } = sides;
  const overall = metricOfRows(rule.name, champion);
  const margin = marginOf(rule.name, rule, overall.kind === 'value' ? overall.value : 0).cohortMargin;
  const measured = cohorts.map((cohort) => ({ cohort, ...measureCohort(sides, rule, cohort, placeOf) }));
  const family = measured.filter(({ compared }) => compared !== undefined).length;
  return measured.map(({ cohort, compared, reason, n, rarer }): Finding => {
    const base = { id: `cohorts/${cohort.key}/${rule.name}`, ...(at === undefined ? {} : { at }) };
    if (compared !== undefined) {
      const undecided = evidence.policy.checks.undecidedCohorts;
      return { ...base, ...judgeCohort({ cohort, compared, family, margin, rarer, undecided }) };
    }
    const blocks = evidence.policy.checks.undecidedCohorts === 'block' && !cohort.intersection;
    return {
      ...base,
      verdict: 'inconclusive',
      severity: blocks ? 'blocking' : 'advisory',
      reason: `${cohort.name}: ${reason}; cannot say`,
      measured: { metric: rule.name, cohort: cohort.name, n, rarer, intersection: cohort.intersection },
      next: `Evaluate on more rows of ${cohort.name}.`,
    };
  });
}

interface MeasuredCohort {
  readonly compared?: Compared;
  readonly reason?: string;
  readonly n: number;
  readonly rarer: number;
}

function measureCohort(
  sides: Sides,
  rule: MetricRule,
  cohort: Cohort,
  placeOf: ReadonlyMap<number, number>,
): MeasuredCohort {
  const places = Uint32Array.from(cohort.rows, (row) => placeOf.get(row) ?? 0);
  const candidate = pickedRows(sides.candidate, places);
  const n = candidate.rows;
  const rarer = rarerOf(candidate);
  if (n < FEWEST_ROWS)
    return { n, rarer, reason: `${plural(n, 'row')}, and ${FEWEST_ROWS} are the least for an interval` };
  if (rarer < FEWEST_OF_CLASS) {
    return {
      n,
      rarer,
      reason: `${rarer} of ${plural(n, 'row')} are of the rarer class, and ${FEWEST_OF_CLASS} are the least for an interval`,
    };
  }
  const groups = groupsOf(sides.data, cohort.rows);
  const options = { alpha: ALPHA, seed: SEED, ...(groups === undefined ? {} : { groups }) };
  const compared = compareMetric(rule.name, candidate, pickedRows(sides.champion, places), options);
  return compared.kind === 'undefined' ? { n, rarer, reason: compared.reason } : { n, rarer, compared };
}

function absentFinding({ evidence }: Sides, column: string, declared: boolean): Finding {
  const reason = `the evaluation data hold no column "${column}" to tell cohorts by`;
  const details = {
    at: evidence.proposal.place(declared ? '/evaluation/cohorts' : `/columns/${column}`),
    advisory: !declared,
  };
  return inconclusive(
    `cohorts/${column}`,
    reason,
    { column },
    { ...details, next: `Add "${column}" to the evaluation data.` },
  );
}

function titleOf(findings: readonly Finding[]): string {
  const ordered = worstFirst(findings);
  const blocking = ordered.filter(({ severity, verdict }) => severity === 'blocking' && verdict !== 'not-applicable');
  const [worst] = [...blocking.filter(({ verdict }) => verdict === 'fail').toSorted(byEvidence), ...blocking];
  if (worst === undefined || worst.verdict === 'pass') return passTitle(findings);
  const more = blocking.filter(({ verdict }) => verdict === worst.verdict).length - 1;
  const rest = more > 0 ? `, and ${more} more ${more === 1 ? 'finding' : 'findings'}` : '';
  const short = shortFinding(worst);
  return worst.verdict === 'fail' ? `${short}${rest}` : `cannot say: ${short}${rest}`;
}

/** The declared cohort before intersections; then the one that is furthest from chance. */
function byEvidence(a: Finding, b: Finding): number {
  const rank = ({ measured }: Finding) =>
    [measured.intersection === true ? 1 : 0, typeof measured.pValue === 'number' ? measured.pValue : 1] as const;
  const [x, y] = [rank(a), rank(b)];
  return x[0] - y[0] || x[1] - y[1];
}

function shortFinding(finding: Finding): string {
  const comparison = comparisonOf(finding);
  if (comparison?.cohort === undefined) return finding.reason;
  const { cohort, metric, baseline, difference, margin = 0 } = comparison;
  const decimals = decimalsForDifference(baseline, difference);
  const change = improvementSign(metric) * difference < 0 ? 'worse' : 'better';
  return `${cohort}: ${metric} ${change} by ${numberText(Math.abs(difference), decimals)} (margin ${limitText(margin)})`;
}

/** Findings that are no declared cohort's. */
const BESIDES: ReadonlySet<string> = new Set(['cohorts/declared', 'cohorts/slices', 'cohorts/weakest-slice']);

function passTitle(all: readonly Finding[]): string {
  const findings = all.filter(({ id }) => !BESIDES.has(id) && !id.startsWith('cohorts/density/'));
  const slices = all.find(({ id }) => id === 'cohorts/slices');
  const searched = slices?.measured.searched;
  if (findings.length === 0)
    return typeof searched === 'number'
      ? `no cohorts are declared; of ${countText(searched)} slices searched none is found worse${slices?.verdict === 'pass' ? '' : ', and not all can be said'}`
      : `no cohorts are declared${slices === undefined ? '' : `; ${slices.reason}`}`;
  const undecided = findings.filter(({ verdict }) => verdict === 'inconclusive');
  const right = findings.filter(({ verdict }) => verdict === 'pass').length;
  if (right === 0) return `no cohort has rows enough to say: ${plural(undecided.length, 'finding')}`;
  const open = undecided.length === 0 ? '' : `, ${undecided.length} cannot be said`;
  return `no cohort is found worse: ${right} of ${findings.length} are not worse${open}`;
}

function methodOf(evidence: Evidence, cohorts: readonly Cohort[]): readonly string[] {
  const against =
    evidence.baseline.kind === 'simple'
      ? 'Without a champion, cohorts are compared with always guessing the same.'
      : 'Same rows for both models.';
  return [
    `${against} ${plural(cohorts.length, 'cohort')}, intersections of two columns with 30 rows or more among them.`,
    `Worse: the whole 95 % interval that holds jointly over the cohorts (Bonferroni) lies beyond cohortMargin; paired DeLong for roc_auc, linearised for the others. Not worse: the cohort's own 95 % interval (paired bootstrap, or DeLong) lies inside.`,
    `The weakest slice is searched on one half of the rows and tested on the other, both ways; its intervals hold jointly over all tests (Bonferroni).`,
    `Undecided cohorts block only with 100 rows and 20 of the rarer class, an estimate beyond the margin, and an 80 % interval, jointly, below 0; every other one is listed as "cannot say".`,
  ];
}
