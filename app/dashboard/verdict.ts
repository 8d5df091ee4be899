import { decidingFinding } from '../../checks/finding.ts';
import type { CheckConclusion, CheckResult, Finding, Report, Verdict } from '../../checks/report/report.ts';
import {
  byMetric,
  checkNamed,
  type Comparison,
  cohortWords,
  comparisonOf,
  comparisonsOf,
  withChampion,
} from './comparisons.ts';
import type { Shape, Tone } from './icons.ts';
import { capitalised, countOf, decimalsOf, intervalOf, numberOf, signedOf, wordOf } from './numbers.ts';

/** What a check or a proposal is said to be: shape, word, tone. */
export interface Standing {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly word: string;
}

const FAILED: Standing = { shape: 'octagon', tone: 'bad', word: 'failed' };
const ADVISORY: Standing = { shape: 'hollowTriangle', tone: 'ink', word: 'advisory' };
const UNDECIDED: Standing = { shape: 'halfDisc', tone: 'ink', word: 'cannot say' };
const WAIVED: Standing = { shape: 'dashedRing', tone: 'ink', word: 'waived' };
const PASSED: Standing = { shape: 'tick', tone: 'faint', word: 'passed' };
const NOT_APPLICABLE: Standing = { shape: 'dash', tone: 'faint', word: 'not applicable' };
const BROKEN: Standing = { shape: 'octagon', tone: 'bad', word: 'error' };

export function findingStanding({ verdict, severity }: Finding): Standing {
  const standings = {
    fail: severity === 'blocking' ? FAILED : ADVISORY,
    error: BROKEN,
    inconclusive: UNDECIDED,
    waived: WAIVED,
    pass: PASSED,
    'not-applicable': NOT_APPLICABLE,
  } as const satisfies Record<Verdict, Standing>;
  return standings[verdict];
}

export function checkStanding(check: CheckResult): Standing {
  const standings = {
    failure: check.required ? (check.findings.some(blockingFail) ? FAILED : BROKEN) : ADVISORY,
    action_required: check.required ? UNDECIDED : ADVISORY,
    success: check.findings.some(({ verdict }) => verdict === 'waived') ? WAIVED : PASSED,
    skipped: NOT_APPLICABLE,
  } as const satisfies Record<CheckConclusion, Standing>;
  return standings[check.conclusion];
}

const blockingFail = ({ verdict, severity }: Finding): boolean => verdict === 'fail' && severity === 'blocking';

const STANDING_ORDER: readonly Standing[] = [FAILED, BROKEN, UNDECIDED, ADVISORY, WAIVED, PASSED, NOT_APPLICABLE];

export const checksWorstFirst = (checks: readonly CheckResult[]): readonly CheckResult[] =>
  checks.toSorted((a, b) => STANDING_ORDER.indexOf(checkStanding(a)) - STANDING_ORDER.indexOf(checkStanding(b)));

/** Checks that keep the proposal from being merged, worst first. */
export const blockingChecks = (report: Report): readonly CheckResult[] =>
  checksWorstFirst(report.checks).filter(
    ({ required, conclusion }) => required && (conclusion === 'failure' || conclusion === 'action_required'),
  );

export interface ProposalVerdict extends Standing {
  /** The first line: what was decided, with the number that decided it. */
  readonly sentence: string;
  /** What one would ask next, in whole sentences. */
  readonly lead: string;
  readonly decidedBy?: CheckResult;
  readonly decisive?: Comparison;
}

/** What a reader who reads only one line must know. */
export function verdictOfReport(report: Report): ProposalVerdict {
  const [check] = blockingChecks(report);
  if (check === undefined) return passing(report);
  const finding = decidingFinding(check.findings);
  const decisive = finding === undefined ? undefined : decisiveOf(check, finding);
  const standing = checkStanding(check);
  const undecided = standing === UNDECIDED;
  return {
    shape: standing.shape,
    tone: undecided ? 'warn' : 'bad',
    word: undecided ? `Not decided by ${check.name}` : `Blocked by ${check.name}`,
    sentence: decisive === undefined ? asSentence(check.title) : comparisonSentence(decisive, report),
    lead: leadOf(report, check, decisive?.finding ?? finding, decisive),
    decidedBy: check,
    ...(decisive === undefined ? {} : { decisive }),
  };
}

/**
 * The comparison that decided, where the worst finding is one at all: a declared cohort before intersections, then the one
 * that is furthest from chance, as the check's title has it.
 */
function decisiveOf(check: CheckResult, finding: Finding): Comparison | undefined {
  const standing = findingStanding(finding);
  if (comparisonOf(finding) === undefined) return undefined;
  return comparisonsOf(check)
    .filter((comparison) => findingStanding(comparison.finding) === standing)
    .toSorted((a, b) => Number(a.intersection) - Number(b.intersection) || (a.pValue ?? 1) - (b.pValue ?? 1))[0];
}

function passing(report: Report): ProposalVerdict {
  const judged = report.checks.filter(({ conclusion }) => conclusion === 'success');
  if (judged.length === 0) {
    return { ...UNDECIDED, word: 'Not judged', sentence: 'No required check has judged this.', lead: '' };
  }
  const waived = judged.filter((check) => checkStanding(check) === WAIVED);
  const [best] = withChampion(checkNamed(report, 'baseline')).filter(({ verdict }) => verdict !== 'cannot say');
  const count = judged.length === 1 ? 'One check passes' : `All ${wordOf(judged.length)} checks pass`;
  return {
    shape: 'tick',
    tone: 'ink',
    word: 'May be merged',
    sentence: best === undefined ? `${count}.` : `${count}: ${metricChange(best)} against ${baselineWords(report)}.`,
    lead: [
      waived.length === 0
        ? ''
        : `${capitalised(wordOf(waived.length))} of them by a waiver: ${waived.map(({ name }) => name).join(', ')}.`,
      best === undefined ? '' : `${best.finding.reason.replace(/\.?$/, '.')}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  };
}

const metricChange = (comparison: Comparison): string => {
  const decimals = decimalsOf(comparison.candidate);
  return `${comparison.metric} ${signedOf(comparison.difference, decimals)} ${intervalOf(comparison.interval, decimals)}`;
};

export const baselineWords = ({ baseline }: Report): string =>
  baseline.version ?? (baseline.kind === 'simple' ? 'a trivial model' : 'production');

function comparisonSentence(comparison: Comparison, report: Report): string {
  const { metric, difference, margin, cohort, verdict } = comparison;
  const decimals = decimalsOf(comparison.candidate);
  const limit = margin === undefined ? '' : `; the margin is ${numberOf(margin, decimals)}`;
  if (verdict === 'cannot say') {
    const whom = cohort === undefined ? '' : ` for ${cohortWords(cohort)}`;
    return `Too few rows to say: ${metric}${whom} ${signedOf(difference, decimals)}, anywhere in ${intervalOf(comparison.interval, decimals)}${limit}.`;
  }
  const moves = difference < 0 ? 'falls' : 'rises';
  const change = `${moves} by ${numberOf(Math.abs(difference), decimals)}`;
  return cohort === undefined
    ? `Worse than ${baselineWords(report)}: ${metric} ${change}${limit}.`
    : `Worse for ${cohortWords(cohort)}: ${metric} ${change}${limit}.`;
}

function leadOf(
  report: Report,
  check: CheckResult,
  finding: Finding | undefined,
  decisive: Comparison | undefined,
): string {
  const others = check.findings.filter(
    (other) =>
      other !== finding && findingStanding(other) === (finding === undefined ? FAILED : findingStanding(finding)),
  );
  return [
    check.name === 'cohorts' && decisive !== undefined ? hidingAverage(report, decisive) : '',
    finding === undefined || check.title.startsWith(finding.reason) ? '' : reasonSentence(finding, decisive),
    others.length === 0
      ? ''
      : `${capitalised(wordOf(others.length))} more ${others.length === 1 ? 'finding blocks' : 'findings block'} it.`,
    finding?.next === undefined ? '' : asSentence(finding.next),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** A reason that begins with a cohort's name keeps the name as it is. */
const reasonSentence = ({ reason }: Finding, decisive: Comparison | undefined): string =>
  decisive === undefined ? asSentence(reason) : `${reason.replace(/\.$/, '')}.`;

/** A better average is no excuse, but it is why nobody would have looked. */
function hidingAverage(report: Report, decisive: Comparison): string {
  const overall = byMetric(withChampion(checkNamed(report, 'baseline'))).get(decisive.metric)?.[0];
  if (overall === undefined || overall.improvement <= 0) return '';
  const decimals = decimalsOf(overall.candidate);
  return `Overall the candidate is better, ${numberOf(overall.baseline, decimals)} → ${numberOf(overall.candidate, decimals)}, and that is what hides it.`;
}

/** A capital and a full stop; a name of the machine's (`roc_auc`, `sex=Female`) keeps its small letter. */
export function asSentence(words: string): string {
  const ended = /[.!?…]$/.test(words) ? words : `${words}.`;
  return /^[a-z]+(?=[,;:.]?(?:\s|$))/.test(ended) ? capitalised(ended) : ended;
}

/** `1 failed, 2 advisory, 1 waived, 3 passed`, worst first. */
export function checksSummary(checks: readonly CheckResult[]): string {
  const standings = checks.map(checkStanding);
  return STANDING_ORDER.map((standing) => ({ standing, count: standings.filter((other) => other === standing).length }))
    .filter(({ count }) => count > 0)
    .map(({ standing, count }) => `${countOf(count)} ${standing.word}`)
    .join(', ');
}
